// Whatever a backend answers about people and connections: read it or refuse it.
// uses: services/client
#include <cstdint>

#include "services/client/connections_api.h"
#include "services/client/people_api.h"
#include "services/client/problem_json.h"

namespace {

/// Answers every call with the same bytes.
class Echo final : public qd::client::Caller {
public:
    explicit Echo(std::string text) : m_text(std::move(text)) {}
    void call(const qd::client::ApiCall&, QObject*, TextReply reply) override { reply(m_text); }
    void setToken(qd::runtime::Secret) override {}

private:
    std::string m_text;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const auto drop = [](const auto&) {};
    Echo echo(text);
    qd::client::PeopleApi people(echo);
    people.who(nullptr, drop);
    people.devices(nullptr, drop);
    people.enrolTotp(nullptr, drop);
    people.confirmTotp(qd::runtime::Secret("1"), nullptr, drop);
    people.users({}, 10, nullptr, drop);
    people.mailbox(10, nullptr, drop);
    people.createUser({}, nullptr, drop);
    qd::client::ConnectionsApi connections(echo);
    connections.list(nullptr, drop);
    connections.offered(nullptr, drop);
    connections.begin(qd::BrokerId("alpaca"), qd::LinkMethod::OAuth, 0, nullptr, drop);
    connections.finish(qd::BrokerId("alpaca"), "code=1", nullptr, drop);
    connections.end(qd::BrokerId("alpaca"), nullptr, drop);
    (void)qd::client::readProblem(403, text);
    return 0;
}
