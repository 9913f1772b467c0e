// The terminal and the headless pair as a person starts them, by ./run: real programs on a recording
// that the test writes itself, or on the shared ones, in folders of their own.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

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
    /// ./run of a checkout that is built already: the script and what it calls are the real ones, and
    /// so are the programs; there is nothing for it to install or to compile.
    std::unique_ptr<Child> run(std::vector<std::string> arguments, bool hasDisplay)
    {
        const auto house = makeHouse();
        arguments.insert(arguments.begin(),
                         {"-u", "DISPLAY", "-u", "WAYLAND_DISPLAY", "PATH=" + house + "/tools:" +
                          std::string(std::getenv("PATH"))});
        if (hasDisplay) arguments.emplace(arguments.begin() + 5, "DISPLAY=:none");
        arguments.emplace(arguments.begin() + (hasDisplay ? 6 : 5), house + "/run");
        return start("run", "/usr/bin/env", std::move(arguments));
    }
    std::string makeHouse()
    {
        const auto house = m_folder / "house", source = std::filesystem::path(QD_SOURCE_DIR);
        if (std::filesystem::exists(house)) return house.string();
        std::filesystem::create_directories(house / "build");
        std::filesystem::copy_file(source / "run", house / "run");
        std::filesystem::copy(source / "packaging", house / "packaging");
        // Nothing that a test would install on somebody's machine.
        m_folder.write("house/packaging/apt-packages.txt", "bash\n");
        std::filesystem::create_directories(house / "tools");
        std::filesystem::create_symlink("/bin/true", house / "tools/node");
        m_folder.write("house/build/build.ninja",
                       "build quarterdeck: phony\nbuild quarterdeckd: phony\n"
                       "build quarterdeck-sandbox: phony\nbuild quarterdeckctl: phony\n");
        std::filesystem::create_directory_symlink(kBin, house / "build/bin");
        return house.string();
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
            const auto quote = (*answer)["quotes"].at(0);
            price = quote["last"].decimalOr({});
            if (!price.isPositive()) price = quote["ask"].decimalOr({}); // nothing was traded yet
            return price.isPositive();
        });
        EXPECT_TRUE(came) << ctl({"--json", "quote", symbol}).out;
        return price;
    }
    /// The client id of an order that was taken.
    std::string idOf(std::vector<std::string> order)
    {
        order.insert(order.begin(), {"--json", "order", "submit"});
        order.push_back("--yes");
        const auto said = ctl(std::move(order));
        EXPECT_EQ(said.code, 0) << said.err;
        const auto answer = json::Document::parse(said.out);
        return answer ? std::string((*answer)["clientOrderId"].stringOr({})) : "";
    }
    std::string stateOf(const std::string& id)
    {
        const auto answer = json::Document::parse(ctl({"--json", "order", "show", id}).out);
        return answer ? std::string((*answer)["state"].stringOr({})) : "";
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
    const auto terminal = run({"--replay", writeRecording()}, /*hasDisplay=*/true);
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
    const auto terminal = run({"--shoot", pictures.string(), "--replay", writeRecording()},
                              /*hasDisplay=*/false);
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
    const auto pair = run({"--headless", "--replay", writeRecording()}, /*hasDisplay=*/false);
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

TEST_F(Programs, HeadlessGoesOnWithItsAccountWhenItIsStartedAgain)
{
    const auto begin = [&] {
        auto pair = start("headless", QD_SOURCE_DIR "/packaging/headless.sh", {kBin});
        EXPECT_NE(pair->firstLine(kReadyWithin), "") << pair->errors();
        awaitPrice("BTC/USD"); // its market never shuts
        return pair;
    };
    const auto databases = [&] {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(home("data") + "/quarterdeck"))
            if (entry.path().extension() == ".db") names.insert(entry.path().filename().string());
        return names;
    };
    auto pair = begin();
    const auto rests = idOf({"buy", "1", "BTC/USD", "--limit", "100", "--tif", "gtc"});
    const auto fills = idOf({"buy", "0.5", "BTC/USD", "--tif", "gtc"});
    EXPECT_TRUE(waitUntil(kReadyWithin, [&] { return stateOf(fills) == "filled"; })) << stateOf(fills);
    EXPECT_TRUE(waitUntil(kReadyWithin, [&] { return stateOf(rests) == "accepted"; })) << stateOf(rests);
    const auto faults = ctl({"fault", "list"});
    EXPECT_EQ(faults.code, 1);
    EXPECT_NE(faults.err.find("--drill-enabled"), std::string::npos) << faults.err;
    const auto before = databases();
    EXPECT_EQ(before.size(), 1U);
    ASSERT_TRUE(pair->terminate(20s));

    pair = begin();
    EXPECT_EQ(databases(), before) << "another database was made";
    EXPECT_EQ(stateOf(fills), "filled");
    EXPECT_EQ(stateOf(rests), "accepted");
    EXPECT_TRUE(waitUntil(kReadyWithin, [&] {
        const auto positions = json::Document::parse(ctl({"--json", "position", "list"}).out);
        return positions && (*positions)["positions"].at(0)["quantity"].stringOr({}) == "0.5";
    })) << ctl({"position", "list"}).out;
    EXPECT_EQ(ctl({"order", "cancel", rests}).code, 0);
    EXPECT_TRUE(waitUntil(kReadyWithin, [&] { return stateOf(rests) == "canceled"; }))
        << "the market does not know it any more";
    EXPECT_TRUE(pair->terminate(20s));
}

TEST_F(Programs, HeadlessKeepsOnlyTheNewestOfWhatWasReplayed)
{
    const std::filesystem::path data = home("data") + "/quarterdeck";
    std::filesystem::create_directories(data);
    const auto now = std::filesystem::file_time_type::clock::now();
    for (int age = 1; age <= 7; ++age) {
        const auto database = data / fmt::format("passing-{}.db", age);
        EXPECT_TRUE(std::ofstream(database) << "orders");
        std::filesystem::last_write_time(database, now - std::chrono::hours(age));
        std::filesystem::create_directories(data / fmt::format("passing-{}.archive", age));
    }
    EXPECT_TRUE(std::ofstream(data / "paper-1.db") << "an account");
    const auto pair =
        start("headless", QD_SOURCE_DIR "/packaging/headless.sh", {kBin, "--replay", writeRecording()});
    EXPECT_NE(pair->firstLine(kReadyWithin), "") << pair->errors();
    for (int age = 1; age <= 7; ++age)
        for (const char* part : {"db", "archive"})
            EXPECT_EQ(std::filesystem::exists(data / fmt::format("passing-{}.{}", age, part)), age <= 5)
                << age << part;
    EXPECT_TRUE(std::filesystem::exists(data / "paper-1.db"));
    EXPECT_TRUE(pair->terminate(20s));
}

TEST_F(Programs, HeadlessSaysWhatIsWrongWithARecording)
{
    const auto pair = run({"--headless", "--replay", (m_folder / "no-such-file.csv").string()},
                          /*hasDisplay=*/false);
    ASSERT_NE(pair, nullptr);
    const auto exit = pair->waitFor(kReadyWithin);
    ASSERT_TRUE(exit.has_value());
    EXPECT_NE(exit->code, 0);
    EXPECT_NE(pair->errors().find("no-such-file.csv"), std::string::npos) << pair->errors();
    EXPECT_NE(pair->errors().find("quarterdeck-sandbox ended before it was ready"),
              std::string::npos)
        << pair->errors();
}

TEST_F(Programs, WithoutADisplayRunSaysWhatElseThereIs)
{
    const auto window = run({}, /*hasDisplay=*/false);
    ASSERT_NE(window, nullptr);
    const auto exit = window->waitFor(kReadyWithin);
    ASSERT_TRUE(exit.has_value());
    EXPECT_EQ(exit->code, 2) << window->errors();
    for (const char* words : {"There is no display here", "./run --headless", "./run --shoot DIR"})
        EXPECT_NE(window->errors().find(words), std::string::npos) << window->errors();
    EXPECT_EQ(window->output(), "");
    EXPECT_TRUE(std::filesystem::is_empty(home("data"))) << "nothing was started";
}

TEST_F(Programs, RunEndsWithTheBuildThatFails)
{
    makeHouse();
    m_folder.write("house/build/build.ninja",
                   "rule fail\n command = echo it cannot be compiled; false\n"
                   "build quarterdeck: fail\nbuild quarterdeckd: phony\n"
                   "build quarterdeck-sandbox: phony\nbuild quarterdeckctl: phony\n");
    const auto broken = run({"--headless"}, /*hasDisplay=*/false);
    ASSERT_NE(broken, nullptr);
    const auto exit = broken->waitFor(kReadyWithin);
    ASSERT_TRUE(exit.has_value());
    EXPECT_NE(exit->code, 0);
    EXPECT_NE(broken->errors().find("it cannot be compiled"), std::string::npos) << broken->errors();
    EXPECT_EQ(broken->output(), "") << "it does not start what was built before";
}

// ── recordings of each kind ─────────────────────────────────────────────────────────────────────

struct Shared {
    const char* kind;
    std::vector<const char*> files; ///< together one market
    const char* symbol;
    const char *low, *high; ///< what was paid or asked then

    friend void PrintTo(const Shared& shared, std::ostream* out) { *out << shared.kind; }
};

class EachKind : public Programs, public ::testing::WithParamInterface<Shared> {};

TEST_P(EachKind, IsReplayedByTheRealPrograms)
{
    const Shared& shared = GetParam();
    std::string files;
    for (const char* file : shared.files) {
        const std::string path = std::string(QD_SHARED_DATA) + "/" + file;
        if (!std::filesystem::exists(path)) GTEST_SKIP() << "shared data are not here: " << file;
        files += (files.empty() ? "" : ",") + path;
    }
    const auto pair = run({"--headless", "--replay", files}, /*hasDisplay=*/false);
    ASSERT_NE(pair, nullptr);
    const auto price = awaitPrice(shared.symbol);
    EXPECT_GE(price, Decimal::of(shared.low));
    EXPECT_LE(price, Decimal::of(shared.high));
    EXPECT_TRUE(pair->terminate(20s)) << pair->errors();
}

INSTANTIATE_TEST_SUITE_P(
    OfRecordings, EachKind,
    ::testing::Values(
        Shared{"Ticks", {"ticks/spy_tick_20131007_trade.zip"}, "SPY", "167.25", "168.90"},
        Shared{"MinuteBars", {"bars/spy_minute_20131008_trade.zip"}, "SPY", "164", "169"},
        Shared{"QuoteBars", {"bars/aapl_minute_20140605_quote.zip"}, "AAPL", "635", "655"},
        Shared{"DailyBars", {"bars/ibm_daily.zip"}, "IBM", "50", "220"},
        Shared{"Coins", {"bars/coinbase_btcusd_minute_20170903_trade.zip"}, "BTC/USD", "4300", "4800"},
        Shared{"CompressedCsv", {"bars/btc-perp-20211231-20220201_1m.csv.gz"}, "BTC/USD", "32000",
               "52000"},
        Shared{"BookMessages", {"ticks/lobster_aapl_20120621_message_first500.csv"}, "AAPL", "580",
               "592"},
        Shared{"OptionChain",
               {"options/goog_options_minute_20151223_quote_american.zip",
                "options/goog_options_minute_20151223_trade_american.zip",
                "options/goog_options_minute_20151223_openinterest_american.zip"},
               "GOOG151224C00750000", "0.01", "30"}),
    [](const auto& tested) { return tested.param.kind; });

} // namespace
} // namespace qd::drills
