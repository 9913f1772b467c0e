#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/storage/event_log.h"

namespace qd::storage {

/// One line of the checkpoint file: what the log was when it had `size` events.
///   {"checkpoint":N,"size":S,"root":"HEX","head":"HEX","time":"…","signature":"HEX"}
/// The signature (ed25519) is over "qd.checkpoint.v1" and the line without it.
struct Checkpoint {
    std::int64_t number = 0; ///< 1, 2, 3 … without gaps
    std::int64_t size = 0;   ///< events covered; the last one's sequence
    Hash root{};             ///< Merkle tree head (RFC 6962 §2.1) over their hashes
    Hash head{};             ///< hash of the last of them
    std::string time;        ///< for people, e.g. "2026-01-05T14:30:00.000000Z"
    std::string signature;   ///< 128 hex digits
};

/// The bytes that are signed.
std::string signedText(const Checkpoint& checkpoint);
std::string formatLine(const Checkpoint& checkpoint);
/// Nothing else than what `formatLine` writes is taken.
std::optional<Checkpoint> parseLine(std::string_view line);

/// Reads all lines; signatures are not checked. A last line without its newline was never
/// acknowledged and is left out. Corrupt "storage.checkpoints" for anything else; NotFound.
Result<std::vector<Checkpoint>> readCheckpoints(const std::string& file);

/// Appends one line and waits for the disk.
Result<void> appendCheckpoint(const std::string& file, const Checkpoint& checkpoint);

/// For a database that was brought back to an earlier moment: checkpoints of more than `size` events
/// speak of what is gone. The whole file is kept as "<file>.before-restore", for whoever asks what was
/// there. Answers how many were cut; no file is none.
Result<std::size_t> cutCheckpoints(const std::string& file, std::int64_t size);

/// Signs with the key in "<file>.key" (PEM, mode 0600), made together with "<file>.pub" if missing.
Result<std::string> signText(const std::string& file, std::string_view text);
/// With the public key (PEM) in `publicKeyFile`; that of a checkpoint file is "<file>.pub".
Result<bool> isSignedBy(const std::string& publicKeyFile, std::string_view text,
                        std::string_view signatureHex);

/// `verifyEvents` for an auditor who does not trust the machine: the checkpoints must be there, and be
/// signed by the key in `publicKeyFile`, their own copy of it.
Result<VerifyReport> verifyEventsWithKey(Database& database, const std::string& checkpointFile,
                                         const std::string& publicKeyFile);

} // namespace qd::storage
