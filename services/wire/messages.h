#pragma once

#include <string>
#include <string_view>

#include "services/wire/http.h"
#include "services/wire/url.h"

namespace qd::wire {

/// "Not Found" for 404; "Unknown" for a code without a name.
std::string_view reasonPhrase(int status);

/// Does `list`, a comma-separated header value, hold `token` (compared without case)?
bool hasToken(std::string_view list, std::string_view token);
bool equalsIgnoringCase(std::string_view a, std::string_view b);

struct AnswerHead {
    bool keepAlive = true;
    bool headRequest = false; ///< the body stays away, its length is told
};

/// Status line and header fields of an answer, up to and with the empty line. Content-Length,
/// Connection and Date are added; line breaks in values become spaces.
std::string answerHead(const HttpResponse& response, AnswerHead how, Timestamp now);

/// May the answer carry a body at all (RFC 9110 §6.4.1)?
bool allowsBody(int status);

/// Request line and header fields, up to and with the empty line. Host, User-Agent and
/// Content-Length are added if missing. Fails with: Invalid "wire.header" (a name or value that
/// would break the message).
Result<std::string> requestHead(const HttpRequest& request, const Url& url);

/// Is sending the request twice the same as sending it once (RFC 9110 §9.2.2)?
bool isIdempotent(std::string_view method);

} // namespace qd::wire
