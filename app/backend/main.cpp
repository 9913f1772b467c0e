// quarterdeckd: the headless backend. Prints one JSON line with its address when it is ready.
// Exit codes: 0 stopped by a signal · 78 configuration (EX_CONFIG) · 74 storage (EX_IOERR) ·
// 75 something outside is not there yet (EX_TEMPFAIL).
#include <cstdio>
#include <filesystem>
#include <iterator>

#include "app/backend/backend.h"
#include "app/backend/preflight.h"
#include "app/backend/secrets.h"
#include "app/backend/settings.h"
#include "services/runtime/shutdown.h"
#include "services/storage/atomic_file.h"

namespace {

constexpr int kBadConfig = 78, kStorage = 74, kTryLater = 75;

int complain(const std::vector<qd::runtime::ConfigProblem>& problems)
{
    std::fputs("quarterdeckd cannot start:\n", stderr);
    std::fputs(qd::runtime::describe(problems).c_str(), stderr);
    return kBadConfig;
}

int complain(const qd::Error& error)
{
    std::fprintf(stderr, "quarterdeckd cannot start: %s\n", qd::describe(error).c_str());
    // A vault without its key does not open at the next try either.
    const bool isForGood =
        error.code.starts_with("vault.") && error.kind != qd::ErrorKind::Unavailable;
    if (error.code.starts_with("config.") || isForGood) return kBadConfig;
    return error.code.starts_with("storage.") ? kStorage : kTryLater;
}

} // namespace

int main(int argc, char** argv)
{
    using namespace qd;
    const auto sources = runtime::Config::Sources::ofProcess(argc, argv);
    if (sources.wantsHelp()) {
        std::fputs(runtime::Config::help(app::backendSettings()).c_str(), stdout);
        return 0;
    }
    const auto config = runtime::Config::load(app::backendSettings(), sources, app::crossCheck);
    if (!config) return complain(config.error());
    const auto folder = app::dataDirectory(*config);
    auto masterKeys = app::masterKeys(*config, folder);
    if (const auto problems = app::preflight(*config, *masterKeys); !problems.empty())
        return complain(problems);

    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        return complain(Error{ErrorKind::Denied, "config.data_dir",
                              "cannot make " + folder + ": " + error.message() +
                                  "; set data_dir to a folder that you may write",
                              {}});
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);

    runtime::Shutdown shutdown;
    auto backend = app::Backend::start(*config, std::move(masterKeys), folder);
    if (!backend) return complain(backend.error());
    // Where programs of the same user find us: quarterdeckctl, a second terminal.
    const auto beacon = folder + "/backend.json";
    if (const auto written = storage::replaceFile(beacon, (*backend)->readyLine()); !written)
        std::fprintf(stderr, "%s: %s\n", beacon.c_str(), describe(written.error()).c_str());
    std::printf("%s\n", (*backend)->readyLine().c_str());
    std::fflush(stdout);
    shutdown.addStep("backend", [&backend] { backend->reset(); });
    shutdown.addStep("beacon", [&beacon] { std::filesystem::remove(beacon); });
    shutdown.wait();
    return 0;
}
