#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/storage/event_log.h"

namespace qd::storage {

/// SHA-256 of all the bytes; the context is reused, one a thread.
Hash sha256(std::string_view bytes);

/// 64 hex digits back to a hash; false if it is anything else.
bool parseHex(std::string_view text, Hash& hash);

std::string_view asBytes(const Hash& hash);

/// The Merkle tree of RFC 6962 §2.1, grown leaf by leaf; keeps only the roots of its full subtrees.
class MerkleTree {
public:
    void append(const Hash& entry);
    std::int64_t size() const { return m_size; }
    Hash root() const;

private:
    std::vector<Hash> m_peaks; ///< of sizes that fall: one for each set bit of m_size
    std::int64_t m_size = 0;
};

} // namespace qd::storage
