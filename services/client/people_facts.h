#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/accounts/user.h"
#include "services/client/facts.h"
#include "services/runtime/secret.h"

/// What the backend tells of people, their devices and their rights. `resources/api.md`, "People".
namespace qd::client {

/// One signed-in device.
struct DeviceFacts {
    SessionFacts session;
    bool isCurrent = false; ///< the one that asks
};

/// Who one is to the backend.
struct WhoFacts {
    std::string actor;            ///< "user:owner"
    bool isOwner = false;         ///< of the installation: every role, no account
    Roles roles;
    std::optional<User> user;     ///< none: the owner
    std::optional<DeviceFacts> device;
    Duration steppedUpFor{};      ///< so long nothing asks for another proof
};

/// What a device that is signed in holds. Told once.
struct TokenFacts {
    SessionId session;
    runtime::Secret access, refresh;
    Duration accessFor{};
};

struct SignedInFacts {
    TokenFacts tokens;
    User user;
    runtime::Secret deviceKey;
};

/// What somebody types to prove who they are; empty: not typed.
struct Credentials {
    std::string email; ///< to sign in only
    runtime::Secret password, code;
};

struct TotpFacts {
    runtime::Secret uri;    ///< "otpauth://totp/…"
    runtime::Secret secret; ///< base32, to be typed
};

struct UserPage {
    std::vector<User> users;
    std::string nextAfter; ///< empty: these were the last
};

struct NewUser {
    std::string email, name;
    runtime::Secret password; ///< empty: a mail brings a link to set it
    Roles roles;
};

struct Mail {
    std::string id, to, kind, subject, text;
    Timestamp createdAt;
};

struct Mailbox {
    bool isLocal = false; ///< no mail leaves the machine
    std::vector<Mail> mails;
};

} // namespace qd::client
