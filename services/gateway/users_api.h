#pragma once

#include "services/gateway/people.h"
#include "services/mail/mailbox.h"

namespace qd::gateway {

/// What administrators do about other people's accounts, and the owner's look at mails that were not
/// sent anywhere. Core executor.
struct UsersApi {
    People people;
    mail::Mailbox& mailbox;

    void addTo(Api& api) const;
};

} // namespace qd::gateway
