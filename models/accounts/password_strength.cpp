#include "models/accounts/password_strength.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include <string.h>

#include <zxcvbn.h>

#include "models/accounts/common_passwords.h"
#include "models/base/ascii.h"

namespace qd {
namespace {

// Its time grows faster than the length.
constexpr std::size_t kEstimatedMax = 100;
constexpr std::size_t kUserWordsMax = 32;
constexpr double kCommonRankMax = 10'000;
constexpr std::array kHouseWords{"quarterdeck", "alpaca", "tradier", "ibkr", "interactive", "brokers",
                                 "interactivebrokers"};

/// A copy of something typed that is overwritten when it goes.
struct Typed {
    explicit Typed(std::string_view typed) : text(typed) {}
    ~Typed() { explicit_bzero(text.data(), text.size()); }
    Typed(const Typed&) = delete;
    Typed& operator=(const Typed&) = delete;
    std::string text;
};

struct FreeMatches {
    void operator()(ZxcMatch_t* matches) const { ZxcvbnFreeInfo(matches); }
};
using Matches = std::unique_ptr<ZxcMatch_t, FreeMatches>;

struct Estimate {
    double bits = 0;
    Matches matches;
};

Estimate estimate(const std::string& password, const std::vector<std::string>& words)
{
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    pointers.push_back(nullptr);
    ZxcMatch_t* matches = nullptr;
    const double bits = ZxcvbnMatch(password.c_str(), pointers.data(), &matches);
    return {bits, Matches(matches)};
}

/// Is the whole of `text` one word of the estimator's lists, among the first 10,000?
bool isCommonWord(const std::string& text)
{
    if (text.empty()) return false;
    const Estimate found = estimate(text, {});
    const ZxcMatch_t* match = found.matches.get();
    if (match == nullptr || match->Next != nullptr) return false;
    const bool isWord = (match->Type & ~MULTIPLE_MATCH) == DICTIONARY_MATCH;
    const bool isWhole = match->Begin == 0 && match->Length == static_cast<int>(text.size());
    return isWord && isWhole && std::exp2(match->Entrpy) <= kCommonRankMax + 0.5;
}

bool isTail(char c)
{
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return !letter && static_cast<unsigned char>(c) < 0x80U;
}

bool isCommon(std::string_view password)
{
    std::string_view stem = password;
    while (!stem.empty() && isTail(stem.back())) stem.remove_suffix(1);
    for (const std::string_view part : {password, stem}) {
        Typed plain(part), withI(part), withL(part);
        std::transform(part.begin(), part.end(), plain.text.begin(), lower);
        std::transform(part.begin(), part.end(), withI.text.begin(),
                       [](char c) { return unswapped(c, 'i'); });
        std::transform(part.begin(), part.end(), withL.text.begin(),
                       [](char c) { return unswapped(c, 'l'); });
        if (isCommonWord(plain.text) || isCommonWord(withI.text) || isCommonWord(withL.text))
            return true;
    }
    return false;
}

/// Lower case, and the parts of each: "ann.lee@example.org" is guessed as "ann" and "example" too.
std::vector<std::string> wordsOf(const std::vector<std::string>& userWords)
{
    std::vector<std::string> words(kHouseWords.begin(), kHouseWords.end());
    constexpr std::size_t kPartMin = 3;
    for (const std::string& given : userWords) {
        std::string whole = given.substr(0, kEstimatedMax);
        std::transform(whole.begin(), whole.end(), whole.begin(), lower);
        std::string part;
        for (const char c : whole + ' ') {
            const bool belongs = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                                 static_cast<unsigned char>(c) >= 0x80U;
            if (belongs) {
                part += c;
                continue;
            }
            if (part.size() >= kPartMin && words.size() < kUserWordsMax) words.push_back(part);
            part.clear();
        }
        if (whole.size() >= kPartMin && words.size() < kUserWordsMax) words.push_back(whole);
    }
    return words;
}

int scoreOf(double log10Guesses)
{
    constexpr std::array kLimits{3.0, 6.0, 8.0, 10.0};
    return static_cast<int>(std::count_if(kLimits.begin(), kLimits.end(), [&](double limit) {
        return log10Guesses >= limit;
    }));
}

std::size_t charactersOf(std::string_view text)
{
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

void add(std::vector<PasswordReason>& reasons, PasswordReason reason)
{
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) reasons.push_back(reason);
}

void addWeaknesses(const ZxcMatch_t* match, std::vector<PasswordReason>& reasons)
{
    for (; match != nullptr; match = match->Next) {
        const int type = match->Type & ~MULTIPLE_MATCH;
        if (type == USER_MATCH || type == USER_LEET_MATCH) add(reasons, PasswordReason::UserWord);
        if (type == REPEATS_MATCH) add(reasons, PasswordReason::Repeats);
        if (type == SEQUENCE_MATCH) add(reasons, PasswordReason::Sequence);
        if (type == SPATIAL_MATCH) add(reasons, PasswordReason::KeyboardWalk);
        if (type == DATE_MATCH || type == YEAR_MATCH) add(reasons, PasswordReason::Date);
    }
}

std::vector<PasswordSuggestion> suggestionsFor(const std::vector<PasswordReason>& reasons)
{
    std::vector<PasswordSuggestion> suggestions;
    const auto suggest = [&](PasswordSuggestion suggestion) {
        if (std::find(suggestions.begin(), suggestions.end(), suggestion) == suggestions.end())
            suggestions.push_back(suggestion);
    };
    for (const PasswordReason reason : reasons) {
        switch (reason) {
        case PasswordReason::TooShort:
        case PasswordReason::TooGuessable: suggest(PasswordSuggestion::LongerIsBetter); break;
        case PasswordReason::Common: suggest(PasswordSuggestion::AvoidCommonWords); break;
        case PasswordReason::UserWord: suggest(PasswordSuggestion::AvoidOwnWords); break;
        case PasswordReason::Repeats:
        case PasswordReason::Sequence:
        case PasswordReason::KeyboardWalk:
        case PasswordReason::Date: suggest(PasswordSuggestion::AvoidPatterns); break;
        case PasswordReason::TooLong:
        case PasswordReason::NotText: break;
        }
    }
    return suggestions;
}

} // namespace

std::string_view toString(PasswordReason reason)
{
    switch (reason) {
    case PasswordReason::TooShort: return "too_short";
    case PasswordReason::TooLong: return "too_long";
    case PasswordReason::NotText: return "not_text";
    case PasswordReason::Common: return "common";
    case PasswordReason::TooGuessable: return "too_guessable";
    case PasswordReason::UserWord: return "user_word";
    case PasswordReason::Repeats: return "repeats";
    case PasswordReason::Sequence: return "sequence";
    case PasswordReason::KeyboardWalk: return "keyboard_walk";
    case PasswordReason::Date: return "date";
    }
    return "unknown";
}

std::string_view toString(PasswordSuggestion suggestion)
{
    switch (suggestion) {
    case PasswordSuggestion::LongerIsBetter: return "longer_is_better";
    case PasswordSuggestion::AvoidCommonWords: return "avoid_common_words";
    case PasswordSuggestion::AvoidOwnWords: return "avoid_own_words";
    case PasswordSuggestion::AvoidPatterns: return "avoid_patterns";
    }
    return "unknown";
}

PasswordVerdict judgePassword(std::string_view password, const std::vector<std::string>& userWords)
{
    PasswordVerdict verdict;
    const bool isText = std::none_of(password.begin(), password.end(),
                                     [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
    if (!isText) add(verdict.reasons, PasswordReason::NotText);
    if (charactersOf(password) < kPasswordCharsMin) add(verdict.reasons, PasswordReason::TooShort);
    if (password.size() > kPasswordBytesMax) add(verdict.reasons, PasswordReason::TooLong);

    const Typed estimated(password.substr(0, kEstimatedMax));
    Estimate found;
    if (isText && !estimated.text.empty()) {
        found = estimate(estimated.text, wordsOf(userWords));
        verdict.log10Guesses = found.bits * std::log10(2.0);
        const auto known = findCommonPassword(estimated.text);
        if (known && known->isWhole)
            verdict.log10Guesses = std::min(verdict.log10Guesses, std::log10(double(known->rank)));
        verdict.score = scoreOf(verdict.log10Guesses);
        if (known || isCommon(estimated.text)) {
            add(verdict.reasons, PasswordReason::Common);
            verdict.score = std::min(verdict.score, 1);
        }
    }
    if (verdict.score < kPasswordScoreMin) add(verdict.reasons, PasswordReason::TooGuessable);
    verdict.accepted = verdict.reasons.empty();
    addWeaknesses(found.matches.get(), verdict.reasons); // worth saying, no reason to refuse
    verdict.suggestions = suggestionsFor(verdict.reasons);
    return verdict;
}

} // namespace qd
