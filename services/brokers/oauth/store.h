#pragma once

#include <functional>
#include <memory>

#include "services/runtime/executor.h"
#include "services/storage/writer.h"

namespace qd::brokers::oauth {

/// Asks the database through the one writer: reads and changes alike, each one transaction; the
/// answer comes on core, after the disk has it, unless the object ends before.
class Store {
public:
    /// Both outlive the object and what was asked.
    Store(storage::Writer& writer, runtime::Executor& core) : m_writer(writer), m_core(core) {}
    ~Store() { *m_alive = false; }
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    /// `work` must be fit to run a second time where it has not run.
    template <typename Answer>
    void ask(std::function<Result<Answer>(storage::Transaction&)> work,
             std::function<void(Result<Answer>)> then)
    {
        const auto slot = std::make_shared<Result<Answer>>(
            fail(ErrorKind::Unavailable, "oauth.not_asked", "the store has not answered"));
        m_writer.submit(
            [slot, work = std::move(work)](storage::Transaction& transaction) -> Result<void> {
                *slot = work(transaction);
                if (!*slot) return tl::unexpected(slot->error());
                return {};
            },
            m_core,
            [slot, alive = m_alive, then = std::move(then)](const Result<std::int64_t>& done) {
                if (!*alive) return;
                if (!done) return then(tl::unexpected(done.error()));
                then(std::move(*slot));
            });
    }

private:
    storage::Writer& m_writer;
    runtime::Executor& m_core;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::brokers::oauth
