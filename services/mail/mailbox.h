#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "services/mail/message.h"
#include "services/storage/writer.h"

namespace qd::mail {

/// Where mails stay when there is no server to send them through: in the database, without their
/// tokens, which are made anew for whoever may look. As long as the outbox keeps what it handed over:
/// a day, the newest thousands. Core executor.
class Mailbox final : public identity::Mailer {
public:
    /// All outlive it. `isLocal` false: mails are sent, and nothing is shown here.
    Mailbox(storage::Writer& writer, runtime::Executor& core,
            std::shared_ptr<const identity::TokenKey> key, bool isLocal);
    ~Mailbox() override;

    /// Kept; it is in the database already.
    void send(identity::Mail mail, std::function<void(Result<void>)> then) override;
    bool isLocal() const { return m_isLocal; }
    /// The newest first; for nobody but the owner of the installation.
    void list(std::size_t limit, std::function<void(Result<std::vector<Message>>)> then);

private:
    storage::Writer& m_writer;
    runtime::Executor& m_core;
    const std::shared_ptr<const identity::TokenKey> m_key;
    const bool m_isLocal;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::mail
