#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qd {

/// Why a password is refused, or what of it is weak.
enum class PasswordReason {
    TooShort,
    TooLong,
    NotText,      ///< control characters
    Common,       ///< one of the 10,000 commonest passwords, or such a word of the language; also in
                  ///< another case, spelling or with a tail of digits
    TooGuessable, ///< score below 3
    UserWord,     ///< contains the e-mail address, the name, or the name of product or broker
    Repeats,
    Sequence,     ///< "abcd", "4321"
    KeyboardWalk, ///< "qwerty"
    Date,
};
/// "too_short", "too_long", "not_text", "common", "too_guessable", "user_word", "repeats",
/// "sequence", "keyboard_walk", "date".
std::string_view toString(PasswordReason reason);

enum class PasswordSuggestion {
    LongerIsBetter,   ///< three or four unrelated words
    AvoidCommonWords, ///< neither known passwords, nor with swapped letters
    AvoidOwnWords,
    AvoidPatterns,    ///< repeats, sequences, keyboard walks, dates
};
/// "longer_is_better", "avoid_common_words", "avoid_own_words", "avoid_patterns".
std::string_view toString(PasswordSuggestion suggestion);

struct PasswordVerdict {
    int score = 0;           ///< 0 … 4: fewer than 10^3, 10^6, 10^8, 10^10 guesses, or more
    double log10Guesses = 0;
    bool accepted = false;
    std::vector<PasswordReason> reasons; ///< heaviest first; may be there for an accepted one too
    std::vector<PasswordSuggestion> suggestions;
};

inline constexpr std::size_t kPasswordCharsMin = 12;   ///< characters, not bytes
inline constexpr std::size_t kPasswordBytesMax = 1024;
inline constexpr int kPasswordScoreMin = 3;

/// How well `password` would stand guessing by somebody who knows `userWords` (e-mail address, name).
/// Pure; any thread; for a live meter and for the backend alike. The product's and the brokers' names
/// are user words always. Time is bounded: only the first 100 bytes are estimated. What was typed is
/// not kept: working copies are overwritten.
PasswordVerdict judgePassword(std::string_view password,
                              const std::vector<std::string>& userWords = {});

} // namespace qd
