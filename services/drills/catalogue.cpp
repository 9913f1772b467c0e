#include <algorithm>
#include <charconv>
#include <tuple>

#include "services/drills/cases/cases.h"

namespace qd::drills {

namespace {

/// "PE-10.2" sorts behind "PE-3.8".
std::tuple<std::string_view, int, int> orderOf(std::string_view id)
{
    const auto dash = id.find('-'), dot = id.find('.');
    int group = 0, number = 0;
    std::from_chars(id.data() + dash + 1, id.data() + dot, group);
    std::from_chars(id.data() + dot + 1, id.data() + id.size(), number);
    return {id.substr(0, dash), group, number};
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
