// What a browser brings back and what a token endpoint answers: read strictly, and no error repeats
// what may be a secret.
// uses: models/base models/accounts services/runtime services/json services/storage services/wire
// uses: services/brokers
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "services/brokers/oauth/protocol.h"

namespace {

using namespace qd;
using namespace qd::brokers::oauth;

bool isVisible(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

void readRedirect(std::string_view text)
{
    const auto redirect = parseRedirect(text);
    if (!redirect) {
        QD_ASSERT(redirect.error().detail.size() < 80); // of fixed words
        return;
    }
    QD_ASSERT(!redirect->state.empty());
    QD_ASSERT(redirect->code.empty() != redirect->error.empty());
    QD_ASSERT(isVisible(redirect->state) && isVisible(redirect->code) &&
              isVisible(redirect->error));
    // What was understood can be said again and is understood alike.
    const bool isCode = !redirect->code.empty();
    const auto again = parseRedirect(
        formText({{"state", redirect->state},
                  {isCode ? "code" : "error", isCode ? redirect->code : redirect->error},
                  {"iss", redirect->issuer}}));
    QD_ASSERT(again && again->state == redirect->state && again->code == redirect->code &&
              again->error == redirect->error && again->issuer == redirect->issuer);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] % 2 == 0) {
        readRedirect(text);
        return 0;
    }
    constexpr int kStatuses[] = {200, 400, 401, 429, 500, 302};
    const wire::HttpResponse response{
        kStatuses[data[0] / 2 % std::size(kStatuses)], {}, std::string(text)};
    const auto answer = parseTokenAnswer(response);
    if (answer) {
        QD_ASSERT(response.status == 200 && !answer->access.empty() && isVisible(answer->access));
        QD_ASSERT(answer->access.size() <= kTokenBytesMax && answer->scopes.size() <= 64);
        QD_ASSERT(!answer->expiresIn || *answer->expiresIn > Duration::zero());
    } else {
        QD_ASSERT(answer.error().detail.size() < 160);
    }
    return 0;
}
