#pragma once

#include <string_view>

namespace qd::identity {

/// Where sealed texts of people are stored: a text that is moved elsewhere does not open.
inline constexpr std::string_view kEmailPlace = "email", kNamePlace = "name",
                                  kDevicePlace = "device";

} // namespace qd::identity
