// quarterdeck-sandbox: the world in a box. Prints one JSON line with its addresses when it is ready.
// Exit codes: 0 stopped by a signal · 78 configuration (EX_CONFIG) · 75 an address is taken or a
// file cannot be written (EX_TEMPFAIL).
#include <cstdio>

#include "app/sandbox/sandbox.h"
#include "app/sandbox/settings.h"
#include "services/runtime/shutdown.h"

namespace {

constexpr int kBadConfig = 78, kTryLater = 75;

int complain(const std::vector<qd::runtime::ConfigProblem>& problems)
{
    std::fputs("quarterdeck-sandbox cannot start:\n", stderr);
    std::fputs(qd::runtime::describe(problems).c_str(), stderr);
    return kBadConfig;
}

} // namespace

int main(int argc, char** argv)
{
    using namespace qd;
    auto sources = runtime::Config::Sources::ofProcess(argc, argv);
    sources.environmentPrefix = "QUARTERDECK_SANDBOX_";
    if (sources.wantsHelp()) {
        std::fputs(runtime::Config::help(app::sandboxSettings()).c_str(), stdout);
        return 0;
    }
    const auto config = runtime::Config::load(app::sandboxSettings(), sources, app::crossCheck);
    if (!config)
        return complain(config.error());
    if (config->boolean("follow_parent"))
        runtime::Shutdown::followParent();

    runtime::Shutdown shutdown;
    auto box = app::Sandbox::start(*config);
    if (!box) {
        std::fprintf(stderr, "quarterdeck-sandbox cannot start: %s\n",
                     describe(box.error()).c_str());
        return kTryLater;
    }
    std::printf("%s\n", (*box)->readyLine().c_str());
    std::fflush(stdout);
    shutdown.addStep("sandbox", [&box] { box->reset(); });
    shutdown.wait();
    return 0;
}
