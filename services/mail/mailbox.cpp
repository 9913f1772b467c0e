#include "services/mail/mailbox.h"

namespace qd::mail {

Mailbox::Mailbox(storage::Writer& writer, runtime::Executor& core,
                 std::shared_ptr<const identity::TokenKey> key, bool isLocal)
    : m_writer(writer), m_core(core), m_key(std::move(key)), m_isLocal(isLocal)
{
}

Mailbox::~Mailbox() = default;

void Mailbox::send(identity::Mail, std::function<void(Result<void>)> then)
{
    then({});
}

void Mailbox::list(std::size_t limit, std::function<void(Result<std::vector<Message>>)> then)
{
    if (!m_isLocal) return then(std::vector<Message>());
    const auto found = std::make_shared<std::vector<identity::Mail>>();
    m_writer.submit(
        [found, limit, key = m_key](storage::Transaction& transaction) -> Result<void> {
            auto mails = identity::handedOver(transaction.database(), *key, limit);
            if (!mails) return tl::unexpected(mails.error());
            *found = std::move(*mails);
            return {};
        },
        m_core,
        [found, then = std::move(then),
         alive = std::weak_ptr<bool>(m_alive)](const Result<std::int64_t>& outcome) {
            if (alive.expired()) return;
            if (!outcome) return then(tl::unexpected(outcome.error()));
            std::vector<Message> messages;
            for (const identity::Mail& mail : *found) messages.push_back(compose(mail));
            then(std::move(messages));
        });
}

} // namespace qd::mail
