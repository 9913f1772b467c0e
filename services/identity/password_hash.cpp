#include "services/identity/password_hash.h"

#include <charconv>

#include <argon2.h>

#include "services/identity/encoding.h"

namespace qd::identity {
namespace {

constexpr std::size_t kKeyIdMax = 16;

tl::unexpected<Error> badHash(std::string_view what)
{
    return fail(ErrorKind::Corrupt, "identity.password_hash", std::string(what));
}

bool take(std::string_view& text, std::string_view prefix)
{
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

std::optional<std::uint32_t> takeNumber(std::string_view& text, std::uint32_t most)
{
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || text.empty() || text.front() == '0' || number > most) return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

std::string_view takeField(std::string_view& text)
{
    const auto field = text.substr(0, text.find('$'));
    text.remove_prefix(field.size());
    return field;
}

bool isWithin(const std::optional<std::string>& bytes, std::size_t least, std::size_t most)
{
    return bytes && bytes->size() >= least && bytes->size() <= most;
}

} // namespace

std::string PasswordHash::text() const
{
    std::string text = "$argon2id$v=19$m=" + std::to_string(cost.memoryKib) +
                       ",t=" + std::to_string(cost.passes) + ",p=" + std::to_string(cost.lanes);
    if (!keyId.empty()) text += ",keyid=" + toPhcBase64(keyId);
    return text + '$' + toPhcBase64(salt) + '$' + toPhcBase64(tag);
}

Result<PasswordHash> PasswordHash::parse(std::string_view text)
{
    if (text.size() > kTextMax) return badHash("too long");
    PasswordHash hash;
    if (!take(text, "$argon2id$v=19$m=")) return badHash("expected $argon2id$v=19$m=");
    const auto memory = takeNumber(text, kMemoryKibMax);
    const auto passes = take(text, ",t=") ? takeNumber(text, kPassesMax) : std::nullopt;
    const auto lanes = take(text, ",p=") ? takeNumber(text, kLanesMax) : std::nullopt;
    // What is missing is 0, and so is no cost.
    hash.cost = {memory.value_or(0), passes.value_or(0), lanes.value_or(0)};
    if (hash.cost.passes == 0 || hash.cost.lanes == 0 || hash.cost.memoryKib < 8 * hash.cost.lanes)
        return badHash("cost out of bounds");
    if (take(text, ",keyid=")) {
        const auto keyId = fromPhcBase64(takeField(text));
        if (!isWithin(keyId, 1, kKeyIdMax)) return badHash("bad keyid");
        hash.keyId = *keyId;
    }
    if (!take(text, "$")) return badHash("expected a salt");
    const auto salt = fromPhcBase64(takeField(text));
    if (!isWithin(salt, 8, 48) || !take(text, "$")) return badHash("bad salt");
    const auto tag = fromPhcBase64(text);
    if (!isWithin(tag, 16, 64)) return badHash("bad tag");
    hash.salt = *salt;
    hash.tag = *tag;
    return hash;
}

std::vector<HashCost> restOf(const HashCost& whole, const HashCost& spent)
{
    if (spent.work() >= whole.work()) return {};
    const std::uint64_t rest = whole.work() - spent.work();
    const auto passes = static_cast<std::uint32_t>(rest / whole.memoryKib);
    const auto memoryKib = static_cast<std::uint32_t>(rest % whole.memoryKib);
    std::vector<HashCost> hashes;
    if (passes > 0) hashes.push_back({whole.memoryKib, passes, whole.lanes});
    if (memoryKib >= 8) hashes.push_back({memoryKib, 1, 1});
    return hashes;
}

std::string argon2id(const HashCost& cost, std::string_view password, std::string_view salt,
                     std::size_t bytes)
{
    std::string tag(bytes, '\0');
    const int code = argon2id_hash_raw(cost.passes, cost.memoryKib, cost.lanes, password.data(),
                                       password.size(), salt.data(), salt.size(), tag.data(), bytes);
    QD_ASSERT(code == ARGON2_OK);
    return tag;
}

PasswordHasher::PasswordHasher(HashCost cost, Peppers peppers, std::string activePepper)
    : m_cost(cost), m_peppers(std::move(peppers)), m_active(std::move(activePepper))
{
    QD_ASSERT(m_active.empty() || m_peppers.contains(m_active));
    m_dummy = {m_cost, m_active, std::string(PasswordHash::kSaltBytes, '\0'),
               std::string(PasswordHash::kTagBytes, '\0')};
}

std::string PasswordHasher::spend(const HashCost& cost, std::string_view input,
                                  std::string_view salt, std::size_t bytes) const
{
    m_work += cost.work();
    return argon2id(cost, input, salt, bytes);
}

std::string PasswordHasher::peppered(const std::string& keyId, std::string_view password) const
{
    if (keyId.empty()) return std::string(password);
    const auto code = hmacSha256(m_peppers.at(keyId).revealForUse(), password);
    return std::string(viewOf(code));
}

std::string PasswordHasher::hash(std::string_view password, std::string_view salt) const
{
    const runtime::Secret input(peppered(m_active, password));
    return PasswordHash{m_cost, m_active, std::string(salt),
                        spend(m_cost, input.revealForUse(), salt, PasswordHash::kTagBytes)}
        .text();
}

bool PasswordHasher::matches(const PasswordHash& hash, std::string_view password) const
{
    const bool hasPepper = hash.keyId.empty() || m_peppers.contains(hash.keyId);
    const runtime::Secret input(peppered(hasPepper ? hash.keyId : m_active, password));
    const std::string tag = spend(hash.cost, input.revealForUse(), hash.salt, hash.tag.size());
    if (areEqual(tag, hash.tag) && hasPepper) return true;
    for (const HashCost& cost : restOf(m_cost, hash.cost))
        spend(cost, input.revealForUse(), hash.salt, hash.tag.size());
    return false;
}

bool PasswordHasher::needsRehash(const PasswordHash& hash) const
{
    return hash.cost != m_cost || hash.keyId != m_active;
}

} // namespace qd::identity
