// Takes orders as the backend does and prints what was answered and shown, until somebody cuts the
// power or the process; then checks that the store has all of it. See packaging/powercut.sh.
//   powercut_writer write DB full|off   "ack SEQUENCE ID STATE QUANTITY FILLED" for each order whose
//                                       command was answered, "saw …" for each change that was shown
//   powercut_writer check DB ACKS       "acked=A told=T lost=L state=ok|…"; exits 0 if state is ok
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>

#include "services/orders/order_service.h"
#include "tests/services/orders/powercut/near_venue.h"
#include "tests/services/orders/powercut/told.h"
#include "tests/support/orders_dsl.h"

namespace {

using namespace qd;

constexpr int kInFlight = 32;
constexpr std::chrono::milliseconds kTryAgainAfter{2};

int complain(const Error& error)
{
    std::fprintf(stderr, "%s\n", describe(error).c_str());
    return 2;
}

/// One write a line, unbuffered: what was printed is what was promised.
void print(const powercut::Told& told)
{
    const std::string line = lineOf(told);
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(3);
}

orders::Settings settings()
{
    orders::Settings settings;
    settings.submitsPerMinuteMax = 1'000'000'000;
    return settings;
}

/// The order room with its store, its venue and a trader who never sleeps. Core executor.
class Desk {
public:
    Desk(storage::Writer& writer, runtime::Executor& core, const orders::Loaded& known)
        : m_core(core), m_venue(core, runtime::systemRandom()),
          m_service({writer, core, runtime::systemRandom(), m_venue, m_market}, settings())
    {
        m_venue.remember(known);
        m_service.observe([](const orders::Committed& committed) {
            if (committed.order) print(powercut::toldOf(*committed.order, /*isAnswer=*/false));
        });
        m_service.start([this](const Result<void>& loaded) {
            if (!loaded) std::_Exit(complain(loaded.error()));
            for (int i = 0; i < kInFlight; ++i) submit();
        });
    }

private:
    void submit()
    {
        const int quantity = 2 + m_count++ % 7;
        m_service.submit(qd::test::buy(quantity, "ACME").limit("12.50").tif(TimeInForce::Gtc).id(
                             ClientOrderId(runtime::systemRandom().uuidV4())),
                         {}, [this](const tl::expected<Order, orders::Refusal>& answer) {
                             answered(answer);
                         });
    }

    void answered(const tl::expected<Order, orders::Refusal>& answer)
    {
        if (answer) {
            print(powercut::toldOf(*answer, /*isAnswer=*/true));
            return submit();
        }
        if (answer.error().error.kind != ErrorKind::Unavailable)
            std::_Exit(complain(answer.error().error)); // after a cut nothing can be closed in order
        while (!m_again.empty() && !m_again.front().isActive()) m_again.pop_front();
        m_again.push_back(m_core.after(kTryAgainAfter, [this] { submit(); }));
    }

    runtime::Executor& m_core;
    powercut::NearVenue m_venue;
    qd::test::FakeMarket m_market;
    orders::OrderService m_service;
    std::deque<runtime::Timer> m_again; ///< refused for a moment: still loading, or too busy
    int m_count = 0;
};

int writeUntilCut(const std::string& path, storage::Durability durability)
{
    auto database = storage::Database::open(path, durability);
    if (!database) return complain(database.error());
    const auto migrated = storage::migrateAll(
        *database, {storage::storageMigrations(), orders::orderMigrations()});
    if (!migrated) return complain(migrated.error());
    runtime::ThreadExecutor db("db"), wal("wal"), core("core");
    storage::WriterOptions options;
    options.walCopies = &wal;
    auto writer = storage::Writer::open(std::move(*database), db, std::move(options));
    if (!writer) return complain(writer.error());
    const auto known = powercut::loadFrom(**writer, core);
    if (!known) return complain(known.error());
    std::unique_ptr<Desk> desk;
    runtime::runAndWait(core, [&] { desk = std::make_unique<Desk>(**writer, core, *known); });
    for (;;) ::pause(); // until the process ends itself, or is ended
}

int check(const std::string& path, const std::string& acks)
{
    const auto verdict = powercut::verdictOf(path, powercut::readTold(acks));
    std::printf("acked=%zu told=%zu lost=%zu state=%s\n", verdict.answered, verdict.told,
                verdict.lost, verdict.state.c_str());
    return verdict.state == "ok" ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
    const std::string command = argc > 1 ? argv[1] : "";
    if (argc == 4 && command == "write") {
        const bool isFull = std::string(argv[3]) == "full";
        return writeUntilCut(argv[2], isFull ? storage::Durability::Full : storage::Durability::Off);
    }
    if (argc == 4 && command == "check") return check(argv[2], argv[3]);
    std::fprintf(stderr, "usage: powercut_writer write DB full|off | check DB ACKS\n");
    return 64;
}
