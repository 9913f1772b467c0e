// The terminal and the headless pair as a person starts them: real programs on a recording that the
// test writes itself, in folders of their own.
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "models/base/decimal.h"
#include "services/drills/child.h"
#include "services/json/json.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

constexpr auto kReadyWithin = 60s; ///< generous: a sanitizer's build starts slowly
constexpr auto kPicturesWithin = 240s;
constexpr std::int64_t kOpenMs = 34'200'000; ///< 9:30 in New York, from midnight
constexpr int kSeconds = 50 * 60;

const std::string kBin = QD_BINARY_DIR "/bin";

/// A place with its own home, where programs leave nothing behind.
class Programs : public ::testing::Test {
protected:
    struct Said {
        int code;
        std::string out, err;
    };

    std::unique_ptr<Child> start(const std::string& name, const std::string& program,
                                 std::vector<std::string> arguments)
    {
        auto child =
            Child::start({program,
                          std::move(arguments),
                          {"XDG_DATA_HOME=" + home("data"), "XDG_CONFIG_HOME=" + home("config"),
                           "XDG_CACHE_HOME=" + home("cache"), "XDG_RUNTIME_DIR=" + home("run"),
                           "QT_QPA_PLATFORM=offscreen"},
                          (m_folder / (name + ".out")).string(),
                          (m_folder / (name + ".err")).string()});
        EXPECT_TRUE(child.has_value()) << program;
        return child ? std::move(*child) : nullptr;
    }
    std::string home(const char* name)
    {
        const auto path = m_folder / name;
        std::filesystem::create_directories(path);
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return path.string();
    }
    Said ctl(std::vector<std::string> words)
    {
        words.insert(words.begin(), {"--data-dir", home("data") + "/quarterdeck"});
        const auto child = start(fmt::format("ctl{}", m_runs++), kBin + "/quarterdeckctl", words);
        if (!child) return {-1, {}, {}};
        const auto exit = child->waitFor(30s);
        return {exit ? exit->code : -1, child->output(), child->errors()};
    }
    /// The newest price of a symbol, once the backend has one.
    Decimal awaitPrice(const std::string& symbol)
    {
        Decimal price;
        const bool came = waitUntil(kReadyWithin, [&] {
            const auto said = ctl({"--json", "quote", symbol});
            if (said.code != 0) return false;
            const auto answer = json::Document::parse(said.out);
            if (!answer) return false;
            price = (*answer)["quotes"].at(0)["last"].decimalOr({});
            return price.isPositive();
        });
        EXPECT_TRUE(came) << ctl({"--json", "quote", symbol}).out;
        return price;
    }
    /// Whoever started them: sandbox and backend end with the program.
    void expectNobodyServes()
    {
        EXPECT_TRUE(waitUntil(20s, [&] { return ctl({"health"}).code == 3; }))
            << "it still answers";
    }
    /// ACME at 123.40 to 123.49, two trades a second.
    std::string writeRecording()
    {
        std::string lines;
        for (int i = 0; i < kSeconds * 2; ++i)
            lines +=
                fmt::format("{},{},{},P,0,0\n", kOpenMs + i * 500, 1'234'000 + i % 10 * 100, 100);
        return m_folder.write("20131007_acme_Trade_Tick.csv", lines);
    }
    bool hasTerminal() const { return std::filesystem::exists(kBin + "/quarterdeck"); }

    test::TempDir m_folder;
    int m_runs = 0;
};

/// Is it a PNG that was written to its end, and how large?
std::pair<int, int> sizeOfPng(const std::filesystem::path& path)
{
    const auto bytes = slurp(path.string());
    if (!bytes.starts_with("\x89PNG\r\n\x1a\n") || bytes.find("IEND") == std::string::npos)
        return {};
    const auto number = [&](std::size_t at) {
        int value = 0;
        for (std::size_t i = 0; i < 4; ++i)
            value = value * 256 + static_cast<unsigned char>(bytes[at + i]);
        return value;
    };
    return {number(16), number(20)};
}

TEST_F(Programs, TheTerminalReplaysARecordingAndTakesItsWorldWithIt)
{
    if (!hasTerminal()) GTEST_SKIP() << "quarterdeck is not built";
    const auto terminal = start("terminal", kBin + "/quarterdeck", {"--replay", writeRecording()});
    ASSERT_NE(terminal, nullptr);
    const auto price = awaitPrice("ACME");
    EXPECT_GE(price, Decimal::of("123.40"));
    EXPECT_LE(price, Decimal::of("123.49"));
    EXPECT_TRUE(terminal->isRunning()) << terminal->errors();
    EXPECT_EQ(ctl({"quote", "SPY"}).code, 1) << "nothing but what was recorded is traded";
    terminal->terminate(10s);
    expectNobodyServes();
}

TEST_F(Programs, TheTerminalSendsNoPasswordInClearToAnotherMachine)
{
    if (!hasTerminal()) GTEST_SKIP() << "the terminal was not built";
    int run = 0;
    for (const char* url : {"http://desk.example:8080", "http://localhost:8080", "ws://127.0.0.1:8080",
                            "desk.example", "https://"}) {
        const auto terminal = start(fmt::format("clear{}", run++), kBin + "/quarterdeck",
                                    {"--connect", url});
        ASSERT_TRUE(terminal);
        const auto exit = terminal->waitFor(kReadyWithin);
        ASSERT_TRUE(exit) << url << " was taken";
        EXPECT_EQ(exit->code, 2) << url << terminal->errors();
        EXPECT_NE(terminal->errors().find("--connect expects an https address"), std::string::npos)
            << terminal->errors();
    }
}

TEST_F(Programs, PicturesAreTakenWithoutADisplay)
{
    if (!hasTerminal()) GTEST_SKIP() << "quarterdeck is not built";
    const auto pictures = m_folder / "pictures";
    const auto terminal = start("shoot", kBin + "/quarterdeck",
                                {"--shoot", pictures.string(), "--replay", writeRecording()});
    ASSERT_NE(terminal, nullptr);
    const auto exit = terminal->waitFor(kPicturesWithin);
    ASSERT_TRUE(exit.has_value()) << terminal->output();
    EXPECT_EQ(exit->code, 0) << terminal->output() << terminal->errors();
    EXPECT_NE(terminal->output().find("live.png\n"), std::string::npos)
        << "orders were filled, or it says why not: " << terminal->output();
    for (const char* name : {"trading-dark", "trading-light", "trading-high-contrast", "stale-dark",
                             "offline", "live"}) {
        EXPECT_EQ(sizeOfPng(pictures / (std::string(name) + ".png")), std::pair(1920, 1080))
            << name;
    }
    expectNobodyServes();
}

TEST_F(Programs, HeadlessTellsItsAddressAndEndsAsAWhole)
{
    const auto pair = start("headless", QD_SOURCE_DIR "/packaging/headless.sh",
                            {kBin, "--replay", writeRecording()});
    ASSERT_NE(pair, nullptr);
    const auto line = pair->firstLine(kReadyWithin);
    EXPECT_TRUE(line.starts_with("quarterdeckd is at http://127.0.0.1:")) << line << pair->errors();
    EXPECT_NE(line.find("owner.token"), std::string::npos) << line;
    const auto price = awaitPrice("ACME");
    EXPECT_GE(price, Decimal::of("123.40"));
    EXPECT_LE(price, Decimal::of("123.49"));
    EXPECT_TRUE(pair->terminate(20s)) << "it ends by itself when told to";
    EXPECT_EQ(pair->poll().value_or(Child::Exit{}).code, 0) << pair->errors();
    EXPECT_EQ(pair->errors().find("a program ended"), std::string::npos) << pair->errors();
    expectNobodyServes();
}

TEST_F(Programs, HeadlessSaysWhatIsWrongWithARecording)
{
    const auto pair = start("headless", QD_SOURCE_DIR "/packaging/headless.sh",
                            {kBin, "--replay", (m_folder / "no-such-file.csv").string()});
    ASSERT_NE(pair, nullptr);
    const auto exit = pair->waitFor(kReadyWithin);
    ASSERT_TRUE(exit.has_value());
    EXPECT_NE(exit->code, 0);
    EXPECT_NE(pair->errors().find("no-such-file.csv"), std::string::npos) << pair->errors();
    EXPECT_NE(pair->errors().find("quarterdeck-sandbox ended before it was ready"),
              std::string::npos)
        << pair->errors();
}

TEST_F(Programs, ADayOfSpyIsReplayed)
{
    const std::string ticks = QD_SHARED_DATA "/ticks/spy_tick_20131007_trade.zip";
    if (!std::filesystem::exists(ticks)) GTEST_SKIP() << "shared data are not here";
    const auto pair =
        start("headless", QD_SOURCE_DIR "/packaging/headless.sh", {kBin, "--replay", ticks});
    ASSERT_NE(pair, nullptr);
    const auto price = awaitPrice("SPY");
    EXPECT_GE(price, Decimal::of("167.25")); // what was paid that day
    EXPECT_LE(price, Decimal::of("168.90"));
    EXPECT_TRUE(pair->terminate(20s));
}

} // namespace
} // namespace qd::drills
