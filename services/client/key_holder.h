#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <QObject>
#include <QSocketNotifier>

#include "models/base/result.h"
#include "services/runtime/secret.h"

namespace qd::client {

/// The parent's side of a vault whose master keys it holds (resources/api.md, "Keys held by the parent").
/// The child is handed one end of a socket pair by its number, and on it the keys; when it asks for
/// others to be kept, it is told once they are. What the text of the keys says is the vault's affair.
/// GUI thread. Whatever is not understood ends the conversation.
class KeyHolder final : public QObject {
    Q_OBJECT
public:
    using Kept = std::function<void(Result<void>)>;
    /// Makes `keys` last in the place of those before, then tells.
    using Keep = std::function<void(std::shared_ptr<runtime::Secret> keys, Kept kept)>;

    /// `keys` empty: there are none yet. Fails with: Unavailable "client.key_holder".
    static Result<std::unique_ptr<KeyHolder>> open(const runtime::Secret& keys, Keep keep);
    ~KeyHolder() override;

    /// For the child, which inherits it once it is not closed on exec any more; −1 once closed here.
    int childEnd() const { return m_childEnd; }
    void closeChildEnd();

    /// How the text of keys begins.
    static constexpr const char* kTitle = "quarterdeck-vault-key v1\n";
    static constexpr std::size_t kTextMax = 4'096;

private:
    KeyHolder(int socket, int childEnd, Keep keep);
    void read();
    void takeRequests();
    bool takeRequest();
    void answer(std::string_view line);
    void hangUp();

    int m_socket, m_childEnd;
    const Keep m_keep;
    QSocketNotifier m_readable;
    std::string m_read;
    std::uint64_t m_requests = 0;
    bool m_isKeeping = false;
};

} // namespace qd::client
