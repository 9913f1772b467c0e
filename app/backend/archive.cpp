#include "app/backend/archive.h"

#include "services/storage/archive_restore.h"

namespace qd::app {

std::optional<storage::ArchiveOptions> archiveOptions(const runtime::Config& config,
                                                      const std::string& databaseFile,
                                                      runtime::Executor& bases,
                                                      const observability::Logger& logger)
{
    if (!config.boolean("storage.archive")) return {};
    storage::ArchiveOptions options;
    options.folder = config.has("storage.archive_folder") ? config.text("storage.archive_folder")
                                                          : storage::archiveBeside(databaseFile);
    options.bases = &bases;
    options.baseEvery = config.duration("storage.archive_base_every");
    options.keepFor = config.duration("storage.archive_keep");
    options.keepBytes = static_cast<std::uint64_t>(config.integer("storage.archive_keep_mib")) << 20;
    options.told = [log = logger.named("archive")](std::string_view what, const Error* trouble) {
        trouble != nullptr ? log.error(what, {{"error", *trouble}}) : log.info(what);
    };
    return options;
}

} // namespace qd::app
