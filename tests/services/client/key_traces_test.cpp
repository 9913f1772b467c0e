// What is left of the vault's master key in this process once it has been handed over: nothing.
#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string_view>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <QTemporaryDir>
#include <QTest>

#include "services/client/key_holder.h"
#include "services/client/vault_keys.h"
#include "tests/qt/suite.h"

using namespace qd;
using namespace qd::client;

namespace {

/// A key that stands nowhere in this program but turned over, so that only what handled it can hold it.
constexpr unsigned char kTurn = 0x5A;
using Key = std::array<unsigned char, 64>;

Key turnedKey()
{
    Key key{};
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = static_cast<unsigned char>(('a' + (i * 7 + i / 26) % 26) ^ kTurn);
    return key;
}

/// The text of a file of keys, the key in it over and over: of memory that is freed some is used again
/// before anybody looks. Whoever has it wipes it, as Secret does.
std::string keyText()
{
    std::string text;
    text.reserve(KeyHolder::kTextMax);
    text = KeyHolder::kTitle;
    constexpr int kCopies = 48;
    for (int copy = 0; copy < kCopies; ++copy)
        for (const unsigned char each : turnedKey()) text += static_cast<char>(each ^ kTurn);
    text += '\n';
    return text;
}

using Bytes = std::span<const unsigned char>;

/// How often most of the key stands in `bytes`; what is freed loses its first few to the allocator.
std::size_t countIn(Bytes bytes)
{
    static const Key kKey = turnedKey();
    const auto isTurned = [](unsigned char here, unsigned char turned) {
        return (here ^ kTurn) == turned;
    };
    std::size_t count = 0;
    for (auto at = bytes.begin();; ++at) {
        at = std::search(at, bytes.end(), kKey.begin() + 24, kKey.end(), isTurned);
        if (at == bytes.end()) return count;
        ++count;
    }
}

/// A region of memory, as a line of /proc/self/maps says it: "55d0…-55d1… rw-p …".
struct Region {
    std::uint64_t from = 0, to = 0;
    bool isWritable = false;
};

Region regionOf(std::string_view line)
{
    Region region;
    const auto dash = line.find('-'), blank = line.find(' ');
    std::from_chars(line.data(), line.data() + dash, region.from, 16);
    std::from_chars(line.data() + dash + 1, line.data() + blank, region.to, 16);
    region.isWritable = line.substr(blank + 1, 4) == "rw-p";
    return region;
}

std::size_t tracesIn(const Region& region, int memory)
{
    constexpr std::size_t kStep = 1 << 16;
    static std::array<unsigned char, kStep + sizeof(Key)> bytes;
    std::size_t found = 0;
    for (auto from = region.from; from < region.to; from += kStep) {
        const auto wanted = std::min<std::uint64_t>(bytes.size(), region.to - from);
        const auto count = ::pread(memory, bytes.data(), static_cast<std::size_t>(wanted),
                                   static_cast<off_t>(from));
        if (count > 0) found += countIn(Bytes(bytes).first(static_cast<std::size_t>(count)));
        ::explicit_bzero(bytes.data(), bytes.size());
    }
    return found;
}

/// In all memory that programs allocate from. What a sanitizer reserves for itself is larger. Allocates
/// nothing: that would overwrite what is looked for.
std::size_t tracesInMemory()
{
    constexpr std::uint64_t kRegionMax = 256ULL << 20;
    static std::array<char, 1 << 20> text;
    const int maps = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    std::size_t size = 0;
    for (ssize_t count = 1; count > 0 && size < text.size(); size += static_cast<std::size_t>(count))
        count = std::max<ssize_t>(::read(maps, text.data() + size, text.size() - size), 0);
    ::close(maps);
    const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    std::size_t found = 0;
    std::string_view rest(text.data(), size);
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
        const Region region = regionOf(rest.substr(0, end));
        rest.remove_prefix(end + 1);
        if (region.isWritable && region.to - region.from <= kRegionMax)
            found += tracesIn(region, memory);
    }
    ::close(memory);
    return found;
}

/// A keyring that is empty and takes nothing.
struct FullKeyring final : KeyStore {
    void read(const std::string&, Found found) override { found(runtime::Secret()); }
    void write(const std::string&, const runtime::Secret& value, Done done) override
    {
        hasSeenKeys = hasSeenKeys || value.revealForUse().starts_with(KeyHolder::kTitle);
        done(fail(ErrorKind::Unavailable, "client.key_store", "it is full"));
    }
    QString whereItIs() const override { return QStringLiteral("nowhere"); }
    bool hasSeenKeys = false;
};

} // namespace

class KeyTracesTest : public QObject {
    Q_OBJECT

private slots:
    void aKeyThatIsInMemoryIsFound()
    {
        const runtime::Secret keys(keyText());
        QVERIFY(tracesInMemory() > 0);
    }
    void aHolderLeavesNoneBehind()
    {
        {
            const runtime::Secret keys(keyText());
            const auto holder = KeyHolder::open(keys, [](auto, const auto&) {});
            QVERIFY(holder.has_value());
        }
        QCOMPARE(tracesInMemory(), std::size_t(0));
    }
    void aFileThatWasReadLeavesNoneBehind()
    {
        QTemporaryDir folder;
        const auto path = folder.filePath(QStringLiteral("desk.vault.key")).toStdString();
        {
            const runtime::Secret keys(keyText());
            const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
            const auto text = keys.revealForUse();
            QCOMPARE(::write(file, text.data(), text.size()), static_cast<ssize_t>(text.size()));
            ::close(file);
        }
        FullKeyring keyring;
        VaultKeys keys(keyring);
        bool isTold = false;
        keys.find({folder.path(), QStringLiteral("desk")},
                  [&](const Result<VaultKeys::Found>& found) { isTold = found && !found->isInKeyring; });
        QVERIFY(isTold);
        QVERIFY2(keyring.hasSeenKeys, "the file was not read");
        QCOMPARE(tracesInMemory(), std::size_t(0));
    }
};

QD_QT_SUITE(KeyTracesTest)
#include "key_traces_test.moc"
