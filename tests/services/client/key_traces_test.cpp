// What is left of the vault's master key in this process once it has been handed over: nothing.
#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <vector>

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

/// The text of a file of keys. Whoever has it wipes it, as Secret does.
std::string keyText()
{
    std::string text;
    text.reserve(KeyHolder::kTextMax);
    text = KeyHolder::kTitle;
    for (const unsigned char each : turnedKey()) text += static_cast<char>(each ^ kTurn);
    text += '\n';
    return text;
}

/// How often most of the key stands in `bytes`; what is freed loses its first few to the allocator.
std::size_t countIn(const std::vector<unsigned char>& bytes, std::size_t size)
{
    static const Key kKey = turnedKey();
    const auto isTurned = [](unsigned char here, unsigned char turned) {
        return (here ^ kTurn) == turned;
    };
    std::size_t count = 0;
    const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(size);
    for (auto at = bytes.begin();; ++at) {
        at = std::search(at, end, kKey.begin() + 24, kKey.end(), isTurned);
        if (at == end) return count;
        ++count;
    }
}

/// In all memory that programs allocate from. What a sanitizer reserves for itself is larger.
std::size_t tracesInMemory()
{
    constexpr std::uint64_t kRegionMax = 256ULL << 20;
    constexpr std::size_t kStep = 1 << 16;
    const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    std::vector<unsigned char> bytes(kStep + sizeof(Key));
    std::ifstream maps("/proc/self/maps");
    std::size_t found = 0;
    for (std::string line; std::getline(maps, line);) {
        std::uint64_t from = 0, to = 0;
        const auto dash = line.find('-'), blank = line.find(' ');
        std::from_chars(line.data(), line.data() + dash, from, 16);
        std::from_chars(line.data() + dash + 1, line.data() + blank, to, 16);
        if (line.substr(blank + 1, 4) != "rw-p" || to - from > kRegionMax) continue;
        for (; from < to; from += kStep) {
            const auto wanted = std::min<std::uint64_t>(bytes.size(), to - from);
            const auto count = ::pread(memory, bytes.data(), static_cast<std::size_t>(wanted),
                                       static_cast<off_t>(from));
            if (count > 0) found += countIn(bytes, static_cast<std::size_t>(count));
            ::explicit_bzero(bytes.data(), bytes.size());
        }
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
