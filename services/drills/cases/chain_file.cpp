#include "services/drills/cases/chain_file.h"

#include <cstdint>
#include <fstream>

#include <fmt/format.h>

#include "services/drills/drill.h"

namespace qd::drills {

namespace {

constexpr int kOpenMillis = 34'200'000; ///< 9:30 in New York, from midnight
constexpr int kMinutes = 390;

/// The checksum of zip files: CRC-32 with the reflected polynomial of IEEE 802.3.
std::uint32_t checksum(const std::string& text)
{
    std::uint32_t sum = 0xffffffff;
    for (const char c : text) {
        sum ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? 0xedb88320 : 0);
    }
    return ~sum;
}

/// Little-endian.
void put(std::string& out, std::size_t bytes, std::size_t value)
{
    for (std::size_t i = 0; i < bytes; ++i, value >>= 8) out += static_cast<char>(value & 0xff);
}

/// Lean's rows: bid's open, high, low, close and size, then the ask's; in ten-thousandths of a dollar.
std::string quotesAt(int bid, int ask)
{
    std::string rows;
    for (int minute = 0; minute < kMinutes; ++minute)
        rows += fmt::format("{0},{1},{1},{1},{1},10,{2},{2},{2},{2},10\n",
                            kOpenMillis + minute * 60'000, bid, ask);
    return rows;
}

} // namespace

std::string zipOf(const std::vector<std::pair<std::string, std::string>>& files)
{
    std::string archive, directory;
    for (const auto& [name, text] : files) {
        std::string header; // what a file and its entry in the directory have in common
        put(header, 2, 20); // version needed
        put(header, 8, 0);  // flags, stored, time, date
        put(header, 4, checksum(text));
        put(header, 4, text.size());
        put(header, 4, text.size());
        put(header, 2, name.size());
        put(header, 2, 0); // further fields
        directory += "PK\x01\x02";
        put(directory, 2, 20); // version made by
        directory += header;
        put(directory, 10, 0); // comment, disk, attributes
        put(directory, 4, archive.size());
        directory += name;
        archive += "PK\x03\x04" + header + name + text;
    }
    const auto start = archive.size();
    archive += directory + "PK\x05\x06";
    put(archive, 4, 0); // disks
    put(archive, 2, files.size());
    put(archive, 2, files.size());
    put(archive, 4, directory.size());
    put(archive, 4, start);
    put(archive, 2, 0); // comment
    return archive;
}

void writeOptionChain(const std::string& path)
{
    const auto name = [](const char* contract) {
        return fmt::format("20251219_spy_minute_quote_american_{}_20351221.csv", contract);
    };
    std::ofstream file(path, std::ios::binary);
    file << zipOf({{name("call_6000000"), quotesAt(50'000, 52'000)},
                   {name("put_5500000"), quotesAt(30'000, 32'000)}});
    if (!file.flush()) throw CannotRun{"the option chain cannot be written to " + path};
}

} // namespace qd::drills
