// The fuzz targets without a fuzzer: each takes its seeds, then each seed cut short and with single
// bits turned over. What breaks a promise is named before the program ends by it.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

extern "C" {
#define FUZZ_TARGET(name) int replay_##name(const std::uint8_t* bytes, std::size_t size);
#include "fuzz_targets.inc"
#undef FUZZ_TARGET
}

namespace {

namespace fs = std::filesystem;

using Bytes = std::vector<std::uint8_t>;
using TakeInput = int (*)(const std::uint8_t*, std::size_t);

struct Target {
    const char* name;
    TakeInput take;
};
constexpr Target kTargets[] = {
#define FUZZ_TARGET(name) {#name, &replay_##name},
#include "fuzz_targets.inc"
#undef FUZZ_TARGET
};

/// Of changed seeds, for one target: whichever is reached first.
constexpr std::size_t kChangesMax = 8'000;
constexpr std::chrono::milliseconds kTimeMax{500};

struct Seed {
    std::string name;
    Bytes bytes;
    /// One cut and eight bits for each byte.
    std::size_t changes() const { return bytes.size() * 9; }
};

/// What is being taken, for the last words.
struct {
    const char *target = "", *seed = "", *change = "";
    std::size_t at = 0;
} current;

void lastWords(int signal)
{
    char text[256];
    const int length = std::snprintf(text, sizeof text, "ERROR: %s, seed %s, %s %zu\n",
                                     current.target, current.seed, current.change, current.at);
    const auto size = static_cast<std::size_t>(length > 0 ? length : 0);
    if (::write(STDOUT_FILENO, text, std::min(size, sizeof text)) < 0) ::_exit(EXIT_FAILURE);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

std::vector<Seed> seedsOf(const std::string& target)
{
    std::vector<Seed> seeds;
    const fs::path folder = fs::path(QD_SOURCE_DIR) / "tests/fuzz/seeds" / target;
    if (!fs::is_directory(folder)) return seeds;
    for (const auto& entry : fs::directory_iterator(folder)) {
        std::ifstream file(entry.path(), std::ios::binary);
        seeds.push_back({entry.path().filename().string(),
                         {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}});
    }
    std::ranges::sort(seeds, {}, &Seed::name);
    return seeds;
}

/// From a copy of the exact size, so that a sanitizer sees a read behind its end.
void take(const Target& target, const Seed& seed, const char* change, std::size_t at,
          const Bytes& bytes)
{
    current = {target.name, seed.name.c_str(), change, at};
    const Bytes exact(bytes.begin(), bytes.end());
    target.take(exact.data(), exact.size());
}

void takeChanged(const Target& target, const Seed& seed, std::size_t number)
{
    const std::size_t size = seed.bytes.size();
    Bytes changed = seed.bytes;
    if (number < size) {
        changed.resize(number);
        take(target, seed, "cut to", number, changed);
        return;
    }
    const std::size_t bit = number - size;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1u << (bit % 8)));
    take(target, seed, "with bit", bit, changed);
}

/// False if there was nothing to take.
bool replay(const Target& target)
{
    const std::vector<Seed> seeds = seedsOf(target.name);
    std::size_t all = 0, taken = 0;
    for (const Seed& seed : seeds) {
        take(target, seed, "as it is", 0, seed.bytes);
        all += seed.changes();
    }
    // In rounds over all seeds: a slow target whose time ends early has seen something of each.
    const std::size_t stride = all / kChangesMax + 1;
    const auto end = std::chrono::steady_clock::now() + kTimeMax;
    constexpr std::size_t kRounds = 7;
    for (std::size_t round = 0; round < kRounds; ++round) {
        for (const Seed& seed : seeds) {
            for (std::size_t number = round * stride; number < seed.changes();
                 number += kRounds * stride) {
                if (std::chrono::steady_clock::now() > end) break;
                takeChanged(target, seed, number);
                ++taken;
            }
        }
    }
    std::printf("%-18s %3zu seeds, %5zu of %6zu changes of them\n", target.name, seeds.size(),
                taken, all);
    std::fflush(stdout);
    return !seeds.empty();
}

} // namespace

int main(int count, char** names)
{
    for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS}) std::signal(signal, lastWords);
    std::size_t passed = 0, failed = 0;
    for (const Target& target : kTargets) {
        const auto isIts = [&](const char* name) { return target.name == std::string_view(name); };
        if (count > 1 && std::none_of(names + 1, names + count, isIts)) continue;
        const bool ok = replay(target);
        if (!ok) std::printf("FAILED: %s has no seeds\n", target.name);
        ++(ok ? passed : failed);
    }
    std::printf("\n%zu passed, %zu failed\n", passed, failed);
    return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
