// The house rules that a machine can check.
//   · an include between rooms must be allowed by the map in the root CMakeLists.txt;
//   · only services/client, ui/ and app/terminal may include Qt; only services/wire may include Beast;
//   · no source file passes 900 lines; every room has a README.md;
//   · Qt `connect` with a lambda names a context object; no text is ever read as rich text;
//   · nothing in the product reads the machine's clock, sleeps or draws randomness behind the back
//     of services/runtime; no unfinished marks.
//
// usage: tidy SOURCE_DIR ROOMS_FILE — prints one line for each fault; the last line counts files.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

using Rooms = std::map<std::string, std::set<std::string>>; // room → rooms it may use

Rooms readRooms(const fs::path& file)
{
    Rooms rooms;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        const auto colon = line.find(':');
        std::istringstream used(line.substr(colon + 1));
        auto& allowed = rooms[line.substr(0, colon)];
        for (std::string room; used >> room;) allowed.insert(room);
    }
    return rooms;
}

/// The room a path belongs to: the longest room that is a prefix of it; "" if none.
std::string roomOf(const std::string& path, const Rooms& rooms)
{
    std::string best;
    for (const auto& [room, uses] : rooms)
        if (path.starts_with(room + "/") && room.size() > best.size()) best = room;
    return best;
}

bool mayUseQt(const std::string& room)
{
    return room.starts_with("ui/") || room == "app/terminal" || room == "services/client";
}

/// A word that must not stand in a line of code, the rooms where it may, and why.
struct Ban {
    std::regex pattern;
    std::vector<std::string> allowedIn;
    std::string reason;
};

const std::vector<Ban>& bans()
{
    static const std::vector<Ban> list = {
        {std::regex(R"(\b(system_clock|steady_clock|high_resolution_clock)::now|\bclock_gettime\()"),
         {"services/runtime", "services/wire"}, // Asio's timers run on their own clock
         "reads the machine's clock: take a runtime::Clock"},
        {std::regex(R"(\b(sleep_for|sleep_until|usleep|nanosleep|QThread::m?sleep)\b)"),
         {"services/runtime"},
         "sleeps: wait for a condition or use a Timer"},
        {std::regex(R"(\b(random_device|mt19937|std::rand|getrandom)\b)"),
         {"services/runtime"},
         "draws randomness of its own: take a runtime::Random"},
        {std::regex(R"(Qt::RichText|Qt::AutoText|setHtml\(|insertHtml\()"),
         {},
         "shows outside text as rich text"},
        {std::regex(R"(\bconnect\([^;,]*,[^;,]*,\s*\[)"),
         {},
         "connects a lambda without a context object"},
        {std::regex(R"(\b(TODO|FIXME|XXX|HACK)\b)"), {}, "unfinished mark"},
    };
    return list;
}

/// The line without a trailing // comment; marks are looked for in the whole line.
std::string codeOf(const std::string& line)
{
    const auto comment = line.find("//");
    return comment == std::string::npos ? line : line.substr(0, comment);
}

/// What is wrong with this include line of `room`; "" if nothing.
std::string includeFault(const std::string& line, const std::string& room, const Rooms& rooms)
{
    static const std::regex include(R"re(^\s*#\s*include\s*[<"]([^">]+)[">])re");
    std::smatch match;
    if (!std::regex_search(line, match, include)) return {};
    const std::string header = match[1];
    if (header.starts_with('Q') && !mayUseQt(room)) return room + " may not include Qt";
    if (header.starts_with("boost/beast") && room != "services/wire")
        return room + " may not include Beast";
    const auto target = roomOf(header, rooms);
    if (target.empty() || target == room || rooms.at(room).contains(target)) return {};
    return room + " may not include " + target;
}

std::string banFault(const std::string& line, const std::string& room)
{
    for (const auto& ban : bans()) {
        bool allowed = false;
        for (const auto& place : ban.allowedIn)
            allowed |= room == place || room.starts_with(place + "/");
        if (allowed) continue;
        const bool mark = ban.reason == "unfinished mark";
        if (std::regex_search(mark ? line : codeOf(line), ban.pattern)) return ban.reason;
    }
    return {};
}

struct Tally {
    int passed = 0, failed = 0;
    void fault(const std::string& where, const std::string& what)
    {
        std::cout << where << ": " << what << '\n';
        ++failed;
    }
};

void checkFile(const fs::path& path, const std::string& name, const std::string& room,
               const Rooms& rooms, Tally& tally)
{
    constexpr int kMaxLines = 900;
    std::ifstream in(path);
    const int failedBefore = tally.failed;
    int number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        const auto where = name + ':' + std::to_string(number);
        if (const auto wrong = includeFault(line, room, rooms); !wrong.empty())
            tally.fault(where, wrong);
        if (const auto wrong = banFault(line, room); !wrong.empty()) tally.fault(where, wrong);
    }
    if (number > kMaxLines)
        tally.fault(name, "has " + std::to_string(number) + " lines; split it by step of the path");
    tally.passed += tally.failed == failedBefore;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::cerr << "usage: tidy SOURCE_DIR ROOMS_FILE\n";
        return 2;
    }
    const fs::path source = argv[1];
    const Rooms rooms = readRooms(argv[2]);
    Tally tally;
    for (const auto& [room, uses] : rooms) {
        if (!fs::exists(source / room)) {
            tally.fault(room, "is on the map but not in the house");
            continue;
        }
        if (!room.starts_with("app/") && !fs::exists(source / room / "README.md"))
            tally.fault(room, "has no README.md");
        for (const auto& entry : fs::recursive_directory_iterator(source / room)) {
            const auto extension = entry.path().extension();
            const auto name = fs::relative(entry.path(), source).generic_string();
            if ((extension != ".h" && extension != ".cpp") || roomOf(name, rooms) != room) continue;
            checkFile(entry.path(), name, room, rooms, tally);
        }
    }
    std::cout << tally.passed << " passed, " << tally.failed << " failed\n";
    return tally.failed != 0;
}
