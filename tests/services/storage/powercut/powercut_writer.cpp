// Writes to a store and prints what was acknowledged, until somebody cuts the power or the process;
// then checks that all of it is there. See packaging/powercut.sh.
//   powercut_writer write DB full|off     prints "ack N" for each acknowledged event
//   powercut_writer check DB ACKS         prints "acked=A lost=L state=ok|…"; exits 0 if state is ok
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "services/storage/writer.h"

namespace {

using namespace qd;
using namespace qd::storage;

constexpr int kInFlight = 8;

int complain(const Error& error)
{
    std::fprintf(stderr, "%s\n", describe(error).c_str());
    return 2;
}

Event event()
{
    Event event;
    event.kind = "drill.written";
    event.subject = "drill/powercut";
    event.actor = "system:powercut";
    event.payload = R"({"filler":")" + std::string(200, 'x') + R"("})";
    return event;
}

/// Keeps a few works under way for ever.
class Source {
public:
    Source(Writer& writer, runtime::Executor& core) : m_writer(writer), m_core(core) {}

    void submit()
    {
        m_writer.submit(
            [](Transaction& transaction) {
                return transaction.append(event()).map([](std::int64_t) {});
            },
            m_core, [this](const Result<std::int64_t>& outcome) { answered(outcome); });
    }

    int wait() { return m_failed.get_future().get(); }

private:
    void answered(const Result<std::int64_t>& outcome)
    {
        if (!outcome) {
            if (!std::exchange(m_hasFailed, true)) m_failed.set_value(complain(outcome.error()));
            return;
        }
        // One write a line, unbuffered: what was printed is what was promised.
        const std::string line = "ack " + std::to_string(*outcome) + "\n";
        if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(3);
        submit();
    }

    Writer& m_writer;
    runtime::Executor& m_core;
    std::promise<int> m_failed;
    bool m_hasFailed = false;
};

int writeUntilCut(const std::string& path, Durability durability)
{
    auto database = Database::open(path, durability);
    if (!database) return complain(database.error());
    if (const auto done = migrateAll(*database, {storageMigrations()}); !done)
        return complain(done.error());
    runtime::ThreadExecutor db("db"), core("core");
    auto writer = Writer::open(std::move(*database), db);
    if (!writer) return complain(writer.error());
    Source source(**writer, core);
    for (int i = 0; i < kInFlight; ++i) source.submit();
    const int code = source.wait();
    std::_Exit(code); // after a cut nothing can be closed in an orderly way
}

std::vector<std::int64_t> acknowledged(const std::string& file)
{
    std::ifstream lines(file);
    std::vector<std::int64_t> sequences;
    for (std::string line; std::getline(lines, line);) {
        // A last line without its end was not fully said.
        if (line.rfind("ack ", 0) == 0 && !lines.eof())
            sequences.push_back(std::atoll(line.c_str() + 4));
    }
    return sequences;
}

int check(const std::string& path, const std::string& acks)
{
    const std::vector<std::int64_t> acked = acknowledged(acks);
    std::int64_t found = 0;
    std::string state = "ok";
    auto database = Database::open(path);
    const auto sound = database ? database->checkIntegrity() : tl::unexpected(database.error());
    if (!sound) {
        state = sound.error().code;
    } else if (const auto report = verifyEvents(*database, {}); !report) {
        state = report.error().code;
    } else {
        found = report->eventCount;
        if (report->brokenAt != 0) state = "broken-chain";
    }
    // The log has no gaps, so what is lost is what lies behind its end.
    const auto lost = std::count_if(acked.begin(), acked.end(),
                                    [found](std::int64_t sequence) { return sequence > found; });
    std::printf("acked=%zu lost=%td state=%s\n", acked.size(), lost, state.c_str());
    return state == "ok" ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
    const std::string command = argc > 1 ? argv[1] : "";
    if (argc == 4 && command == "write") {
        const bool isFull = std::string(argv[3]) == "full";
        return writeUntilCut(argv[2], isFull ? Durability::Full : Durability::Off);
    }
    if (argc == 4 && command == "check") return check(argv[2], argv[3]);
    std::fprintf(stderr, "usage: powercut_writer write DB full|off | check DB ACKS\n");
    return 64;
}
