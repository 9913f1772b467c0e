// The terminal's workspace file: whatever is in it, what is taken is within bounds, and a damaged file
// hides no more than itself.
// uses: models/base ui/shell
#include <cstdint>

#include <sys/mman.h>
#include <unistd.h>

#include "models/base/result.h"
#include "ui/shell/workspace_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    static const int file = ::memfd_create("workspace", MFD_CLOEXEC);
    QD_ASSERT(::ftruncate(file, 0) == 0);
    QD_ASSERT(::pwrite(file, bytes, size, 0) == static_cast<ssize_t>(size));
    static const QString path = QStringLiteral("/proc/self/fd/%1").arg(file);
    const auto workspace = qd::ui::WorkspaceFile::load(path);
    QD_ASSERT(workspace.watchlists.size() <= 20 && workspace.shownWatchlist >= 0);
    for (const auto& list : workspace.watchlists)
        QD_ASSERT(list.name.size() <= 32 && list.symbols.size() <= 500);
    return 0;
}
