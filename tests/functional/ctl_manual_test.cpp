// What is written about quarterdeckctl, against what its own help says: the manual page paragraph
// by paragraph, and the bash completion as bash runs it.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "services/drills/child.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;
using Names = std::set<std::string>;

constexpr std::size_t kCommandsAtLeast = 35; ///< fewer: the help is no longer understood here

struct Command {
    Names options; ///< "--limit"
    Names below;   ///< "submit"
};

/// A paragraph of the manual page: ".TP", the line that names what it is about, and its text.
struct Paragraph {
    std::string head, text;
};

std::string outputOf(const std::string& program, Words arguments, Words environment = {})
{
    const test::TempDir folder;
    const auto child = Child::start({program, std::move(arguments), std::move(environment),
                                     (folder / "out").string(), (folder / "err").string()});
    EXPECT_TRUE(child.has_value());
    if (!child) return {};
    const auto exit = (*child)->waitFor(120s);
    EXPECT_TRUE(exit && exit->code == 0) << program << ": " << (*child)->errors();
    return (*child)->output();
}

std::string programs()
{
    return QD_BINARY_DIR "/bin";
}

/// Walks down from `path` by the help of each command: "order submit" → its options.
void walkHelp(const Words& path, std::map<std::string, Command>& found)
{
    Words words = path;
    words.push_back("--help");
    Command& command = found[fmt::format("{}", fmt::join(path, " "))];
    std::istringstream lines(outputOf(programs() + "/quarterdeckctl", words));
    std::string line, part, word;
    while (std::getline(lines, line)) {
        if (!line.empty() && line.front() != ' ') part = line;
        std::istringstream in(line);
        if (!line.starts_with("  ") || line.starts_with("    ") || !(in >> word)) continue;
        if (part == "Subcommands:") command.below.insert(word);
        if (part != "Options:") continue;
        if (const auto at = word.find("--"); at != std::string::npos)
            command.options.insert(word.substr(at, word.find(',', at) - at));
    }
    for (const auto& name : Names(command.below)) {
        Words deeper = path;
        deeper.push_back(name);
        walkHelp(deeper, found);
    }
}

const std::map<std::string, Command>& commands()
{
    static const auto known = [] {
        std::map<std::string, Command> found;
        walkHelp({}, found);
        return found;
    }();
    return known;
}

/// What every command takes: the program's own options.
const Names& globalOptions()
{
    return commands().at("").options;
}

/// A macro's arguments as they are printed: .B and .I leave spaces between them, .BI and .BR none.
std::string printed(const std::string& macro, const std::string& arguments)
{
    std::string text;
    bool isQuoted = false;
    for (const char c : arguments) {
        if (c == '"')
            isQuoted = !isQuoted;
        else if (c != ' ' || isQuoted || macro.size() == 2)
            text += c;
    }
    return text;
}

std::string withoutFonts(std::string line)
{
    for (const char* markup : {"\\fB", "\\fI", "\\fR", "\\fP"})
        for (std::size_t at; (at = line.find(markup)) != std::string::npos;) line.erase(at, 3);
    std::erase(line, '\\');
    return line;
}

/// Section → its paragraphs.
std::map<std::string, std::vector<Paragraph>> manual()
{
    std::map<std::string, std::vector<Paragraph>> sections;
    std::istringstream lines(slurp(QD_SOURCE_DIR "/packaging/quarterdeckctl.1"));
    std::string line, section;
    bool headFollows = false;
    while (std::getline(lines, line)) {
        line = withoutFonts(line);
        const auto space = line.find(' ');
        const std::string macro = line.starts_with('.') ? line.substr(0, space) : "";
        const std::string text = macro.empty() ? line
                                 : space == std::string::npos
                                     ? ""
                                     : printed(macro, line.substr(space + 1));
        if (macro == ".SH") section = line.substr(space + 1);
        if (macro == ".TP") sections[section].emplace_back();
        auto& paragraphs = sections[section];
        if (macro == ".TP" || macro == ".SH") {
            headFollows = macro == ".TP";
        } else if (!paragraphs.empty()) {
            (headFollows ? paragraphs.back().head : paragraphs.back().text) += text + ' ';
            headFollows = false;
        }
    }
    return sections;
}

/// "order submit" is named by "order submit {buy|sell}", "fills" by "position list, fills,
/// account".
bool names(const Paragraph& paragraph, const std::string& command)
{
    std::istringstream pieces(paragraph.head);
    std::string piece;
    while (std::getline(pieces, piece, ',')) {
        piece.erase(0, piece.find_first_not_of(' '));
        if ((piece + ' ').starts_with(command + ' ')) return true;
    }
    return false;
}

Names optionsIn(const std::string& text)
{
    Names found;
    for (std::size_t at = 0; (at = text.find("--", at)) != std::string::npos;) {
        std::size_t end = at + 2;
        while (end < text.size() && (std::islower(text[end]) != 0 || text[end] == '-')) ++end;
        if (end > at + 2) found.insert(text.substr(at, end - at));
        at = end;
    }
    return found;
}

/// The same for what a person typed: bash's answer to a Tab behind the last word.
std::map<Words, Names> completionsOf(const std::vector<Words>& typed)
{
    std::string script = "source '" QD_SOURCE_DIR "/packaging/completions/quarterdeckctl.bash'\n"
                         "tab() {\n"
                         "    COMP_WORDS=(quarterdeckctl \"$@\") COMP_CWORD=$# COMPREPLY=()\n"
                         "    _quarterdeckctl\n"
                         "    echo \"${COMPREPLY[*]}\"\n"
                         "}\n";
    for (const auto& words : typed) {
        script += "tab";
        for (const auto& word : words) script += " '" + word + "'";
        script += '\n';
    }
    const test::TempDir folder;
    const auto path = folder.write("tab.bash", script);
    std::istringstream lines(outputOf("/bin/bash", {"--norc", "--noprofile", path},
                                      {"PATH=" + programs() + ":/usr/bin:/bin"}));
    std::map<Words, Names> answers;
    std::string line, word;
    for (const auto& words : typed) {
        EXPECT_TRUE(std::getline(lines, line))
            << "bash ended before " << fmt::format("{}", fmt::join(words, " "));
        std::istringstream in(line);
        while (in >> word) answers[words].insert(word);
    }
    return answers;
}

Words wordsOf(const std::string& command)
{
    std::istringstream in(command);
    return {std::istream_iterator<std::string>(in), {}};
}

Words joined(Words words, const Words& more)
{
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

Names together(Names all, const Names& more)
{
    all.insert(more.begin(), more.end());
    return all;
}

TEST(CtlManual, HelpIsUnderstood)
{
    ASSERT_GE(commands().size(), kCommandsAtLeast);
    EXPECT_TRUE(commands().at("order").below.contains("submit"));
    EXPECT_TRUE(commands().at("log tail").options.contains("--count"));
    EXPECT_TRUE(globalOptions().contains("--json"));
}

TEST(CtlManual, ThePageTellsEachCommandsOptionsInItsOwnParagraph)
{
    const auto sections = manual();
    for (const auto& [command, facts] : commands()) {
        if (command.empty()) continue;
        const Paragraph* own = nullptr;
        for (const auto& [section, paragraphs] : sections)
            for (const auto& paragraph : paragraphs)
                if (names(paragraph, command)) own = &paragraph;
        ASSERT_NE(own, nullptr) << "no paragraph of the manual page is about: " << command;
        if (!facts.below.empty()) continue; // the commands below it tell theirs
        const auto told = optionsIn(own->head + own->text);
        for (const auto& option : facts.options)
            EXPECT_TRUE(globalOptions().contains(option) || told.contains(option))
                << "the paragraph of " << command << " does not tell " << option;
    }
    Names everywhere;
    for (const auto& paragraph : sections.at("GLOBAL OPTIONS"))
        everywhere.merge(optionsIn(paragraph.head));
    EXPECT_EQ(everywhere, globalOptions());
}

TEST(CtlManual, ThePageTellsNoOptionThatItsCommandDoesNotTake)
{
    for (const auto& [section, paragraphs] : manual()) {
        for (const auto& paragraph : paragraphs) {
            Names taken = globalOptions();
            bool isOfCommands = false;
            for (const auto& [command, facts] : commands()) {
                if (command.empty() || !names(paragraph, command)) continue;
                isOfCommands = true;
                taken.insert(facts.options.begin(), facts.options.end());
            }
            if (!isOfCommands) continue;
            for (const auto& option : optionsIn(paragraph.head + paragraph.text))
                EXPECT_TRUE(taken.contains(option)) << option << " in: " << paragraph.head;
        }
    }
}

TEST(CtlManual, BashOffersEveryCommandWhereItStands)
{
    std::vector<Words> typed;
    for (const auto& [command, facts] : commands())
        if (!facts.below.empty()) typed.push_back(joined(wordsOf(command), {""}));
    for (const auto& [words, offered] : completionsOf(typed)) {
        const Words path(words.begin(), words.end() - 1);
        Names plain;
        std::ranges::copy_if(offered, std::inserter(plain, plain.end()),
                             [](const auto& word) { return !word.starts_with('-'); });
        EXPECT_EQ(plain, commands().at(fmt::format("{}", fmt::join(path, " "))).below)
            << "behind: " << fmt::format("{}", fmt::join(words, " "));
    }
}

TEST(CtlManual, BashOffersEachCommandItsOptionsAndNoOthers)
{
    std::vector<Words> typed;
    std::map<Words, Names> wanted;
    const auto ask = [&](const Words& words, const Names& options) {
        typed.push_back(words);
        wanted[words] = options;
    };
    for (const auto& [command, facts] : commands()) {
        const auto path = wordsOf(command);
        const auto all = together(facts.options, globalOptions());
        ask(joined(path, {"--"}), all);
        ask(joined(joined({"--json"}, path), {"--"}), all);
        if (facts.below.empty()) ask(joined(path, {"WORD", "ANOTHER", "--"}), all);
        for (const auto& option : facts.options)
            if (facts.below.empty()) ask(joined(path, {"WORD", option}), {option});
    }
    for (const auto& [words, offered] : completionsOf(typed)) {
        Names expected = wanted.at(words);
        if (expected.size() == 1) { // "--stop" also begins "--stop-loss"
            EXPECT_TRUE(offered.contains(*expected.begin()))
                << "behind: " << fmt::format("{}", fmt::join(words, " "));
            continue;
        }
        EXPECT_EQ(offered, expected) << "behind: " << fmt::format("{}", fmt::join(words, " "));
    }
}

TEST(CtlManual, BashOffersTheValuesThatAnOptionTakes)
{
    const std::vector<Words> typed = {
        {"order", "submit", "--tif", "g"},     {"order", "list", "--side", ""},
        {"order", "list", "--status", "c"},    {"bars", "SPY", "--interval", "1"},
        {"order", "submit", "--type", "stop"}, {"drill", "run", "PE-1."}};
    const auto offered = completionsOf(typed);
    EXPECT_EQ(offered.at(typed[0]), (Names{"gtc"}));
    EXPECT_EQ(offered.at(typed[1]), (Names{"buy", "sell"}));
    EXPECT_EQ(offered.at(typed[2]), (Names{"closed"}));
    EXPECT_EQ(offered.at(typed[3]), (Names{"1m", "15m", "1h", "1d"}));
    EXPECT_EQ(offered.at(typed[4]), (Names{"stop", "stop_limit"}));
    EXPECT_TRUE(offered.at(typed[5]).contains("PE-1.1")) << "drills come from the program itself";
}

} // namespace
} // namespace qd::drills
