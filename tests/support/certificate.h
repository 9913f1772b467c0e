#pragma once

#include <filesystem>
#include <string>

namespace qd::test {

/// A key and a self-signed certificate, its own authority, as PEM files in `folder`; good for an hour.
struct Certificate {
    /// `alternativeName` is who it is for: "IP:127.0.0.1" or "DNS:localhost".
    Certificate(const std::filesystem::path& folder, const std::string& name,
                const std::string& alternativeName);

    std::string certificateFile, keyFile;
};

} // namespace qd::test
