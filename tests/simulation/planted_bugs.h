#pragma once

#include <string>
#include <vector>

#include "tests/simulation/order_simulation.h"

namespace qd::simulation {

/// One defect that a broker room, a library below it, a disk or a person might have, to prove that the simulation would
/// notice it.
struct PlantedBug {
    std::string name;
    Options options; ///< without the seed
};
std::vector<PlantedBug> plantedBugs();

} // namespace qd::simulation
