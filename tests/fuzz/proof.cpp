// Any text: a proof of work is refused, or is within bounds and reads back as the same text.
// uses: models/base models/accounts
#include <cstdlib>
#include <string_view>

#include "models/accounts/proof_of_work.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto proof = qd::Proof::parse(text);
    if (!proof) return 0;
    if (proof->challenge.iterations > qd::ProofChallenge::kIterationsMax || proof->text() != text)
        std::abort();
    return 0;
}
