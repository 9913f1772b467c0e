#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "services/drills/stage.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {

/// One world of real programs for all tests of a suite: starting it is most of the cost.
/// `class Ctl : public OneWorld<Ctl>`; what is public here a suite may have its own of.
template <typename Suite>
class OneWorld : public ::testing::Test {
public:
    static StageOptions options() { return {}; }
    static void begin(Stage& stage) { stage.startAll(); }
    static void end() {}

protected:
    /// What quarterdeckctl said, and its exit status.
    struct Said {
        int code;
        std::string out, err;
    };

    static void SetUpTestSuite()
    {
        s_folder = std::make_unique<test::TempDir>();
        s_stage = std::make_unique<Stage>(Suite::options(),
                                          Programs::beside(QD_BINARY_DIR "/bin/quarterdeckctl"),
                                          (s_folder->path() / "stage").string());
        s_stage->setLimit(std::chrono::minutes(5));
        try {
            Suite::begin(*s_stage);
        } catch (const BrokenPromise& promise) {
            s_why = promise.what;
        } catch (const CannotRun& cannot) {
            s_why = cannot.why;
        }
    }
    static void TearDownTestSuite()
    {
        Suite::end();
        s_stage.reset();
        s_folder.reset();
    }
    void SetUp() override { ASSERT_EQ(s_why, "") << "the programs did not start"; }

    /// quarterdeckctl, against this world's backend.
    static std::unique_ptr<Child> start(std::vector<std::string> words)
    {
        words.insert(words.begin(), {"--data-dir", s_stage->dataDirectory()});
        return s_stage->run(nextName(), s_stage->programs().ctl, words);
    }
    static Said ended(Child& child)
    {
        const auto exit = child.waitFor(std::chrono::seconds(60));
        return {exit ? exit->code : -1, child.output(), child.errors()};
    }
    static Said say(std::vector<std::string> words) { return ended(*start(std::move(words))); }
    static std::string nextName() { return "ctl" + std::to_string(s_runs++); }

    inline static std::unique_ptr<test::TempDir> s_folder;
    inline static std::unique_ptr<Stage> s_stage;
    inline static std::string s_why;
    inline static int s_runs = 0;
};

} // namespace qd::drills
