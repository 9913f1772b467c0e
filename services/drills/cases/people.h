#pragma once

#include <string>
#include <vector>

#include "services/drills/stage.h"

namespace qd::drills {

/// A password that is strong enough, of whoever a drill makes.
inline constexpr const char* kPeoplesPassword = "seven quiet lanterns drift";

/// What a signed-in device holds.
struct SignedInDevice {
    std::string access, refresh, session, deviceKey;
    std::string refreshBody() const;
};

/// People in a stage: accounts made by the owner, and what they ask. Throws BrokenPromise.
class People {
public:
    explicit People(Stage& stage) : m_stage(stage) {}

    /// By the owner, with `kPeoplesPassword`; the first one must be an administrator. The user's id.
    std::string make(const std::string& email, const std::string& roles);
    SignedInDevice signIn(const std::string& email);
    /// As somebody: any status.
    Answer as(const SignedInDevice& who, const std::string& method, const std::string& path,
              const std::string& body = {});
    /// Without any token: any status.
    Answer openly(const std::string& method, const std::string& path, const std::string& body);
    void stepUp(const SignedInDevice& who);
    std::size_t count(); ///< of accounts

    static std::string credentials(const std::string& email, const std::string& password,
                                   const std::string& more = {});
    static std::string newcomer(const std::string& email, const std::string& password);

private:
    Answer ask(const std::string& token, const std::string& method, const std::string& path,
               const std::string& body);
    Stage& m_stage;
};

} // namespace qd::drills
