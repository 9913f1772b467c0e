// Any request and any stream message at the doors of the sandbox's three protocols, signed in: each is
// answered once at most, and never with "our fault" where the real ones do not say so. The first line
// is "METHOD /target" or "WS /path"; behind it stand the body, or the messages, a line each.
// uses: services/sandbox tests/support
// links: GTest::gtest
#include <cstdint>
#include <optional>

#include "services/sandbox/ibkr/ibkr_venue.h"
#include "services/sandbox/tradier/tradier_venue.h"
#include "tests/services/sandbox/venue_fixture.h"

namespace {

using namespace qd;
using namespace std::chrono_literals;

/// A customer of all three. What it ordered stays, so that later inputs meet something.
class Customer final : private sandbox::test::VenueTest {
public:
    Customer()
    {
        venue.add(m_ibkr);
        ask(m_ibkr, "POST", "/v1/api/iserver/auth/ssodh/init", R"({"publish":true})");
        ask(m_ibkr, "GET", "/v1/api/iserver/accounts", {});
        ask(m_ibkr, "GET", "/v1/api/portfolio/accounts", {});
    }
    ~Customer() override { venue.remove(m_ibkr); }

    void take(int door, std::string_view text)
    {
        const auto line = text.substr(0, text.find('\n'));
        const auto rest = text.substr(std::min(text.size(), line.size() + 1));
        const auto space = line.find(' ');
        if (space == std::string_view::npos) return;
        const auto method = line.substr(0, space), target = line.substr(space + 1);
        if (method == "WS")
            talk(serviceOf(door), std::string(target), rest);
        else
            ask(serviceOf(door), std::string(method), std::string(target), std::string(rest));
        ask(admin, "DELETE", "/faults", {}); // they may be answers that nobody would give otherwise
        world.run(20ms);
    }

private:
    void TestBody() override {}

    wire::Service& serviceOf(int door)
    {
        switch (door % 4) {
        case 0: return venue;
        case 1: return m_tradier;
        case 2: return m_ibkr;
        default: return admin;
        }
    }
    static wire::Headers signedIn()
    {
        auto headers = credentials();
        headers.set("Authorization", "Bearer token-1");
        headers.set("Accept", "application/json");
        headers.set("Content-Type", "application/x-www-form-urlencoded");
        return headers;
    }
    void ask(wire::Service& service, std::string method, std::string target, std::string body)
    {
        auto headers = signedIn();
        headers.set("Content-Length", std::to_string(body.size()));
        const auto answer =
            begin(service, std::move(method), std::move(target), std::move(body), headers);
        world.run(0ms);
        QD_ASSERT(!answer->came || (answer->status >= 200 && answer->status < 600));
        // IBKR's gateway says 500 to much that it does not know.
        QD_ASSERT(answer->status != 500 || &service == &m_ibkr);
    }
    void talk(wire::Service& service, std::string path, std::string_view messages)
    {
        wire::HttpRequest request;
        request.target = std::move(path);
        request.headers = signedIn();
        auto accepted = service.upgrade(request);
        if (!accepted) {
            QD_ASSERT(accepted.error().status >= 400);
            return;
        }
        const auto socket = std::make_shared<sandbox::test::MemorySocket>();
        socket->events = std::move(*accepted);
        socket->events.onOpen(socket);
        while (!messages.empty() && socket->open) {
            const auto message = messages.substr(0, messages.find('\n'));
            messages.remove_prefix(std::min(messages.size(), message.size() + 1));
            socket->say(std::string(message));
        }
        world.run(20ms);
        socket->close({1000, "the client left"});
    }

    static sandbox::ibkr::IbkrOptions options()
    {
        sandbox::ibkr::IbkrOptions options;
        options.account = AccountId("paper");
        options.pacing.isOn = false;
        return options;
    }

    sandbox::tradier::TradierVenue m_tradier{venue, {1'000'000, 1'000'000, 1'000'000}};
    sandbox::ibkr::IbkrVenue m_ibkr{venue.desk(), options()};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    static std::optional<Customer> customer;
    static int inputs = 0;
    if (size == 0) return 0;
    if (inputs++ % 500 == 0) customer.emplace(); // or its orders would fill the memory
    customer->take(bytes[0], {reinterpret_cast<const char*>(bytes) + 1, size - 1});
    return 0;
}
