#pragma once

#include <string>

#include "services/identity/outbox.h"

namespace qd::mail {

/// A mail with its words, in plain ASCII.
struct Message {
    std::string id; ///< of the mail: the same at every try
    identity::MailKind kind = identity::MailKind::VerifyEmail;
    EmailAddress to;
    std::string subject;
    runtime::Secret text; ///< lines end in \n; may carry a token
    Timestamp createdAt;
};

Message compose(const identity::Mail& mail);

/// As it goes over the wire (RFC 5322): headers, an empty line, the text; lines end in \r\n. The
/// Message-ID is made of the mail's id, so that a mail that comes twice shows as one.
runtime::Secret toWire(const Message& message, const EmailAddress& from);

} // namespace qd::mail
