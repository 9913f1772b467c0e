#pragma once

#include <memory>

#include <openssl/evp.h>

namespace qd::storage {

struct DigestContextFree {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, DigestContextFree>;

} // namespace qd::storage
