#include "services/drills/runner.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "services/drills/secret_scan.h"

namespace qd::drills {

namespace {

namespace fs = std::filesystem;

} // namespace

std::string_view toString(Outcome outcome)
{
    switch (outcome) {
    case Outcome::Passed: return "passed";
    case Outcome::Failed: return "failed";
    case Outcome::Skipped: return "skipped";
    }
    return "failed";
}

Runner::Runner(Options options) : m_options(std::move(options)) {}

Runner::~Runner()
{
    m_stage.reset();
    m_shared.reset();
    std::error_code ignored;
    for (const auto& folder : m_folders) fs::remove_all(folder, ignored);
}

std::string Runner::freshFolder()
{
    std::error_code ignored;
    auto path = (fs::temp_directory_path(ignored) / "quarterdeck-drill-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw CannotRun{"no scratch folder: " + path};
    m_folders.push_back(path);
    m_janitor.watch(path);
    return path;
}

Stage& Runner::stageFor(const Drill& drill)
{
    if (!m_stage && m_shared && m_shared->options() == drill.stage) m_stage = std::move(m_shared);
    if (m_stage && m_stage->options() == drill.stage && !drill.stage.isPrivate) return *m_stage;
    if (m_stage && m_stage->options() == StageOptions{}) m_shared = std::move(m_stage);
    m_stage = std::make_unique<Stage>(drill.stage, m_options.programs, freshFolder());
    m_stage->setLimit(drill.limit + std::chrono::seconds(60));
    if (!drill.stage.empty) m_stage->startAll();
    return *m_stage;
}

void Runner::scan(Evidence& evidence) const
{
    const auto result = scanForSecrets(m_stage->folder());
    for (const auto& leak : result.leaks)
        broken("{} is in {}: a secret where it must not be (TB-6.2)", leak.what, leak.file);
    evidence.note("{} files ({} KiB) searched for {} secrets: none found", result.files,
                  result.bytes / 1024, result.secrets);
}

void Runner::perform(const Drill& drill, Evidence& evidence)
{
    Stage& stage = stageFor(drill);
    stage.setLimit(drill.limit);
    std::optional<CannotRun> skipped;
    try {
        drill.run(stage, evidence);
    } catch (const CannotRun& cannot) {
        skipped = cannot; // secrets that it wrote until then are leaks all the same
    }
    scan(evidence);
    if (skipped) throw *skipped;
}

DrillResult Runner::run(const Drill& drill)
{
    const auto& clock = runtime::systemClock();
    DrillResult result;
    result.drill = &drill;
    result.startedAt = clock.now();
    const Duration before = clock.steady();
    Evidence evidence;
    try {
        perform(drill, evidence);
    } catch (const BrokenPromise& promise) {
        result.outcome = Outcome::Failed;
        result.reason = promise.what;
    } catch (const CannotRun& cannot) {
        result.outcome = Outcome::Skipped;
        result.reason = cannot.why;
    } catch (const std::exception& error) { // a full disk, say
        result.outcome = Outcome::Failed;
        result.reason = error.what();
    }
    result.took = clock.steady() - before;
    result.evidence = evidence.lines();
    if (result.outcome == Outcome::Failed) keepLogs(drill);
    leave(result);
    return result;
}

/// The next drill finds the usual world in order, or gets a new one.
void Runner::leave(const DrillResult& result)
{
    if (!m_stage) return;
    if (result.outcome == Outcome::Passed && m_stage->options() == StageOptions{} &&
        m_stage->reset())
        return;
    discardStage();
}

void Runner::discardStage()
{
    const auto folder = m_stage->folder();
    m_stage.reset();
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    std::erase(m_folders, folder);
}

void Runner::keepLogs(const Drill& drill) const
{
    if (!m_stage || m_options.keepLogsIn.empty()) return;
    const auto target = fs::path(m_options.keepLogsIn) / drill.id;
    std::error_code ignored;
    fs::remove_all(target, ignored);
    fs::create_directories(target, ignored);
    for (const auto& from : {m_stage->folder(), m_stage->dataDirectory()})
        for (const auto& entry : fs::directory_iterator(from, ignored)) {
            const auto kind = entry.path().extension();
            if (kind == ".log" || kind == ".out" || kind == ".err")
                fs::copy_file(entry.path(), target / entry.path().filename(),
                              fs::copy_options::overwrite_existing, ignored);
        }
}

} // namespace qd::drills
