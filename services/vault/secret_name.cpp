#include "services/vault/secret_name.h"

#include <algorithm>

#include <fmt/format.h>

namespace qd::vault {
namespace {

constexpr std::size_t kLengthMax = 128;

bool isNameCharacter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._:@/-").find(c) != std::string_view::npos;
}

Result<void> checkPart(std::string_view part, const char* field)
{
    if (!part.empty() && part.size() <= kLengthMax && std::ranges::all_of(part, isNameCharacter))
        return {};
    // The text is not repeated: it may be the secret itself in the wrong place.
    return fail(ErrorKind::Invalid, "vault.name",
                fmt::format("expected 1 … {} characters of a-z A-Z 0-9 . _ : @ / -, was a text of {}",
                            kLengthMax, part.size()),
                field);
}

} // namespace

Result<void> check(const SecretName& name)
{
    return checkPart(name.id, "id")
        .and_then([&] { return checkPart(name.owner, "owner"); })
        .and_then([&] { return checkPart(name.purpose, "purpose"); });
}

} // namespace qd::vault
