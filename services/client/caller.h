#pragma once

#include <functional>
#include <memory>
#include <string>

#include <QObject>
#include <QPointer>

#include "services/client/facts.h"
#include "services/runtime/secret.h"

namespace qd::client {

/// One call of the API whose body and answer are JSON texts: for what is asked seldom.
struct ApiCall {
    std::string verb = "GET";
    std::string target;        ///< "/v1/session"
    std::string body = {};
    bool isNobodys = false;    ///< signing in: goes without a token
};

/// Makes calls of the API. GUI thread. An answer is dropped if its owner is gone by then, and comes
/// exactly once otherwise, always later than the call.
class Caller {
public:
    using TextReply = std::function<void(Answer<std::string>)>;
    /// `true`: what stood in the way is gone, the call is made once more.
    using Remedy = std::function<void(bool helped)>;
    /// Looks at a refusal; true if it will call the remedy, once.
    using Rescue = std::function<bool(const Problem&, Remedy)>;

    virtual ~Caller() = default;
    virtual void call(const ApiCall& call, QObject* owner, TextReply reply) = 0;
    /// What later calls are made with; nothing under way is disturbed.
    virtual void setToken(runtime::Secret token) = 0;

    /// Asked about every refusal of a call that goes with a token, the typed ones too. Empty: nobody.
    void setRescue(Rescue rescue) { m_rescue = std::move(rescue); }

protected:
    /// `reply`, but for refusals that are taken care of: `again` repeats the call, for an answer that
    /// is final whatever it is.
    template <typename T>
    std::function<void(Answer<T>)> rescued(
        QObject* owner, std::function<void(Answer<T>)> reply,
        std::function<void(std::function<void(Answer<T>)>)> again)
    {
        return [this, guard = QPointer<QObject>(owner), reply = std::move(reply),
                again = std::move(again)](Answer<T> answer) {
            if (answer || !m_rescue) return reply(std::move(answer));
            const Problem problem = answer.error();
            const bool isTaken = m_rescue(problem, [guard, reply, again, problem](bool helped) {
                if (!guard) return;
                helped ? again(reply) : reply(tl::unexpected(problem));
            });
            if (!isTaken) reply(std::move(answer));
        };
    }

private:
    Rescue m_rescue;
};

} // namespace qd::client
