#include "services/storage/checkpoint_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "models/base/whole_number.h"
#include "services/storage/atomic_file.h"
#include "services/storage/hashing.h"

namespace qd::storage {
namespace {

constexpr std::string_view kCheckpointDomain = "qd.checkpoint.v1";
constexpr std::size_t kSignatureHexSize = 128;

std::string unsignedLine(const Checkpoint& checkpoint)
{
    return fmt::format(R"({{"checkpoint":{},"size":{},"root":"{}","head":"{}","time":"{}")",
                       checkpoint.number, checkpoint.size, toHex(checkpoint.root),
                       toHex(checkpoint.head), checkpoint.time);
}

/// The text between `mark` and the next `end`, from the front of `rest`; cuts it off.
std::string_view cut(std::string_view& rest, std::string_view mark, char end)
{
    if (rest.substr(0, mark.size()) != mark) return {};
    const auto stop = rest.find(end, mark.size());
    if (stop == std::string_view::npos) return {};
    const std::string_view field = rest.substr(mark.size(), stop - mark.size());
    rest.remove_prefix(stop);
    return field;
}

bool parseCount(std::string_view text, std::int64_t& number)
{
    number = wholeNumber<std::int64_t>(text).value_or(-1);
    return number >= 0;
}

/// Cuts off what a power cut left of an unfinished line.
Result<void> removeTornLine(int fd, const std::string& file, std::string_view content)
{
    if (content.empty() || content.back() == '\n') return {};
    const auto keep = content.rfind('\n');
    const off_t size = keep == std::string_view::npos ? 0 : static_cast<off_t>(keep) + 1;
    if (::ftruncate(fd, size) == 0) return {};
    return fail(ErrorKind::Unavailable, "storage.io",
                fmt::format("cannot shorten {}: {}", file, std::strerror(errno)));
}

} // namespace

std::string signedText(const Checkpoint& checkpoint)
{
    return std::string(kCheckpointDomain) + unsignedLine(checkpoint);
}

std::string formatLine(const Checkpoint& checkpoint)
{
    return fmt::format(R"({},"signature":"{}"}})", unsignedLine(checkpoint), checkpoint.signature);
}

std::optional<Checkpoint> parseLine(std::string_view line)
{
    Checkpoint checkpoint;
    std::string_view rest = line;
    if (!parseCount(cut(rest, R"({"checkpoint":)", ','), checkpoint.number)) return {};
    if (!parseCount(cut(rest, R"(,"size":)", ','), checkpoint.size)) return {};
    if (!parseHex(cut(rest, R"(,"root":")", '"'), checkpoint.root)) return {};
    if (!parseHex(cut(rest, R"(","head":")", '"'), checkpoint.head)) return {};
    checkpoint.time = cut(rest, R"(","time":")", '"');
    checkpoint.signature = cut(rest, R"(","signature":")", '"');
    if (checkpoint.signature.size() != kSignatureHexSize) return {};
    // Leading zeros, a missing end and the like: one meaning has one spelling.
    if (formatLine(checkpoint) != line) return {};
    return checkpoint;
}

Result<std::vector<Checkpoint>> readCheckpoints(const std::string& file)
{
    const auto content = readFile(file);
    if (!content) return tl::unexpected(content.error());
    std::vector<Checkpoint> checkpoints;
    std::string_view rest = *content;
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
        const auto checkpoint = parseLine(rest.substr(0, end));
        const auto number = static_cast<std::int64_t>(checkpoints.size()) + 1;
        const bool fits = checkpoint && checkpoint->number == number &&
                          (checkpoints.empty() || checkpoints.back().size <= checkpoint->size);
        if (!fits) {
            return fail(ErrorKind::Corrupt, "storage.checkpoints",
                        fmt::format("line {} of {} is not checkpoint {}; restore the file from its "
                                    "copy",
                                    number, file, number));
        }
        checkpoints.push_back(*checkpoint);
        rest.remove_prefix(end + 1);
    }
    return checkpoints;
}

Result<std::size_t> cutCheckpoints(const std::string& file, std::int64_t size)
{
    const auto before = readCheckpoints(file);
    if (!before && before.error().kind == ErrorKind::NotFound) return 0;
    if (!before) return tl::unexpected(before.error());
    std::string whole, kept;
    std::size_t cutCount = 0;
    for (const Checkpoint& checkpoint : *before) {
        const std::string line = formatLine(checkpoint) + "\n";
        whole += line;
        if (checkpoint.size <= size) kept += line;
        else ++cutCount;
    }
    if (cutCount == 0) return 0;
    const auto done = replaceFile(file + ".before-restore", whole).and_then([&] {
        return replaceFile(file, kept);
    });
    if (!done) return tl::unexpected(done.error());
    return cutCount;
}

Result<void> appendCheckpoint(const std::string& file, const Checkpoint& checkpoint)
{
    const auto ioError = [&file](std::string_view what) {
        return fail(ErrorKind::Unavailable, "storage.io",
                    fmt::format("cannot {} {}: {}", what, file, std::strerror(errno)));
    };
    const auto before = readFile(file);
    const bool isNew = !before && before.error().kind == ErrorKind::NotFound;
    if (!before && !isNew) return tl::unexpected(before.error());
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) return ioError("open");
    Result<void> done = removeTornLine(fd, file, isNew ? std::string_view() : *before);
    const std::string line = formatLine(checkpoint) + "\n";
    if (done && ::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        done = ioError("write");
    if (done && ::fsync(fd) != 0) done = ioError("sync");
    ::close(fd);
    if (done && isNew) done = syncFolderOf(file);
    return done;
}

} // namespace qd::storage
