#pragma once

#include <string_view>

#include "services/client/facts.h"

namespace qd::client {

/// RFC 9457 problem details of an answer that is not 2xx. A body that is none of it (a proxy's page)
/// gives a Problem that says as much as the status does.
Problem readProblem(int status, std::string_view body);
/// No answer: status 0 and one of "client.offline", "client.deadline", "client.unreadable".
Problem noAnswer(std::string code, std::string detail, bool outcomeUnknown);

} // namespace qd::client
