// Our judge of passwords as a program, for a comparison with the estimator that it follows: a line in,
// a password; a line of JSON out.
#include <iostream>
#include <string>

#include "models/accounts/password_strength.h"

int main()
{
    for (std::string password; std::getline(std::cin, password);) {
        const auto verdict = qd::judgePassword(password);
        std::string reasons;
        for (const auto reason : verdict.reasons)
            reasons += (reasons.empty() ? "\"" : ",\"") + std::string(qd::toString(reason)) + '"';
        std::cout << "{\"log10Guesses\":" << verdict.log10Guesses << ",\"score\":" << verdict.score
                  << ",\"accepted\":" << (verdict.accepted ? "true" : "false") << ",\"reasons\":["
                  << reasons << "]}\n";
    }
    return 0;
}
