#include <algorithm>
#include <tuple>

#include "models/base/whole_number.h"
#include "services/drills/cases/cases.h"

namespace qd::drills {

namespace {

/// "PE-10.2" sorts behind "PE-3.8".
std::tuple<std::string_view, int, int> orderOf(std::string_view id)
{
    const auto dash = id.find('-'), dot = id.find('.');
    return {id.substr(0, dash), wholeNumber<int>(id.substr(dash + 1, dot - dash - 1)).value_or(0),
            wholeNumber<int>(id.substr(dot + 1)).value_or(0)};
}

std::vector<Drill> collect()
{
    std::vector<Drill> all;
    for (auto* list : {startDrills, accountDrills, securityDrills, credentialDrills,
                       consentDrills, accessDrills, secretDrills, intakeDrills, outcomeDrills,
                       outageDrills, durabilityDrills, storageDrills, marketDrills, fillDrills,
                       platformDrills, exactnessDrills})
        std::ranges::move(list(), std::back_inserter(all));
    std::ranges::sort(all, {}, [](const Drill& drill) { return orderOf(drill.id); });
    return all;
}

} // namespace

const std::vector<Drill>& allDrills()
{
    static const std::vector<Drill> drills = collect();
    return drills;
}

} // namespace qd::drills
