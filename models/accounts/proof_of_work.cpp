#include "models/accounts/proof_of_work.h"

#include <algorithm>
#include <limits>
#include <optional>

#include <openssl/evp.h>

#include "models/base/whole_number.h"

namespace qd {
namespace {

constexpr std::size_t kSaltDigits = 32, kSignatureDigits = 64, kTextMax = 300;

tl::unexpected<Error> badProof(std::string_view what)
{
    return fail(ErrorKind::Invalid, "accounts.proof", std::string(what), "proof");
}

bool isHex(std::string_view text, std::size_t digits)
{
    return text.size() == digits && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
}

/// Without sign or leading zero: one number has one spelling.
template <typename Number>
std::optional<Number> plainNumber(std::string_view text)
{
    if (text.starts_with('-') || (text.starts_with('0') && text.size() > 1)) return {};
    return wholeNumber<Number>(text);
}

std::string_view takeUpTo(std::string_view& text, char separator)
{
    const auto end = text.find(separator);
    const auto taken = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return taken;
}

bool isWithinBounds(const ProofChallenge& challenge)
{
    return challenge.iterations >= 1 && challenge.iterations <= ProofChallenge::kIterationsMax &&
           challenge.tries >= ProofChallenge::kParts && challenge.tries <= ProofChallenge::kTriesMax;
}

std::uint64_t derive(const ProofChallenge& challenge, int part, std::uint64_t number)
{
    const std::string password = std::to_string(part) + '.' + std::to_string(number);
    unsigned char key[8];
    const int done = PKCS5_PBKDF2_HMAC(
        password.data(), static_cast<int>(password.size()),
        reinterpret_cast<const unsigned char*>(challenge.salt.data()),
        static_cast<int>(challenge.salt.size()), static_cast<int>(challenge.iterations), EVP_sha256(),
        static_cast<int>(sizeof(key)), key);
    QD_ASSERT(done == 1);
    std::uint64_t value = 0;
    for (const unsigned char byte : key) value = value << 8U | byte;
    return value;
}

std::uint64_t limitOf(const ProofChallenge& challenge)
{
    return std::numeric_limits<std::uint64_t>::max() / challenge.tries * ProofChallenge::kParts;
}

} // namespace

std::string ProofChallenge::text() const
{
    return "1." + salt + '.' + std::to_string(iterations) + '.' + std::to_string(tries) + '.' +
           std::to_string(expiresAt.seconds()) + '.' + signature;
}

Result<ProofChallenge> ProofChallenge::parse(std::string_view text)
{
    if (text.size() > kTextMax) return badProof("too long");
    if (takeUpTo(text, '.') != "1") return badProof("expected version 1");
    const auto salt = takeUpTo(text, '.');
    const auto iterations = plainNumber<std::uint32_t>(takeUpTo(text, '.'));
    const auto tries = plainNumber<std::uint32_t>(takeUpTo(text, '.'));
    const auto expires = plainNumber<std::uint32_t>(takeUpTo(text, '.'));
    if (!iterations || !tries || !expires) return badProof("expected three numbers");
    if (!isHex(salt, kSaltDigits) || !isHex(text, kSignatureDigits))
        return badProof("expected a salt and a signature in hex");
    ProofChallenge challenge{std::string(salt), *iterations, *tries, Timestamp::fromSeconds(*expires),
                             std::string(text)};
    if (!isWithinBounds(challenge)) return badProof("difficulty out of bounds");
    return challenge;
}

std::string Proof::text() const
{
    std::string text = challenge.text();
    char separator = '~';
    for (const std::uint64_t number : numbers) {
        text += separator + std::to_string(number);
        separator = '.';
    }
    return text;
}

Result<Proof> Proof::parse(std::string_view text)
{
    if (text.size() > kTextMax) return badProof("too long");
    auto challenge = ProofChallenge::parse(takeUpTo(text, '~'));
    if (!challenge) return tl::unexpected(challenge.error());
    Proof proof;
    proof.challenge = std::move(*challenge);
    if (std::count(text.begin(), text.end(), '.') != ProofChallenge::kParts - 1)
        return badProof("expected one number a part");
    for (std::uint64_t& number : proof.numbers) {
        const auto given = plainNumber<std::uint64_t>(takeUpTo(text, '.'));
        if (!given) return badProof("expected one number a part");
        number = *given;
    }
    return proof;
}

Result<Proof> solveProof(const ProofChallenge& challenge, const std::function<bool()>& isCancelled)
{
    constexpr std::uint64_t kTriesBetweenQuestions = 16;
    if (!isWithinBounds(challenge)) return badProof("difficulty out of bounds");
    Proof proof;
    proof.challenge = challenge;
    const std::uint64_t limit = limitOf(challenge);
    for (int part = 0; part < ProofChallenge::kParts; ++part) {
        std::uint64_t number = 0;
        while (derive(challenge, part, number) >= limit) {
            ++number;
            if (number % kTriesBetweenQuestions == 0 && isCancelled())
                return fail(ErrorKind::Unavailable, "accounts.proof_cancelled", "not wanted any more");
        }
        proof.numbers[part] = number;
    }
    return proof;
}

bool isSolved(const Proof& proof)
{
    if (!isWithinBounds(proof.challenge)) return false;
    const std::uint64_t limit = limitOf(proof.challenge);
    for (int part = 0; part < ProofChallenge::kParts; ++part)
        if (derive(proof.challenge, part, proof.numbers[part]) >= limit) return false;
    return true;
}

} // namespace qd
