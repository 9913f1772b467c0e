#pragma once

#include <string>

#include "services/drills/link.h"

namespace qd::drills {

/// A person in front of a browser: opens the page of an authorization server, says yes or no there,
/// and tells the address that the browser is sent back to. Broken promise if the server has no page.
std::string consentAt(Link& link, const std::string& authorizeUrl, bool saysYes = true);

/// The browser follows an address; the answer of whoever listens there.
Answer openAddress(Link& link, const std::string& url);

/// A field of an address's query; empty if it has none.
std::string queryField(const std::string& url, std::string_view name);

} // namespace qd::drills
