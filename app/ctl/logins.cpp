#include "app/ctl/logins.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <sys/stat.h>

#include "services/json/json.h"
#include "services/storage/atomic_file.h"

namespace qd::ctl {
namespace {

runtime::Secret secretIn(const json::Value& value)
{
    return runtime::Secret(std::string(value.stringOr({})));
}

} // namespace

std::string Logins::defaultPath()
{
    if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config != '\0')
        return std::string(config) + "/quarterdeck/logins.json";
    const char* home = std::getenv("HOME");
    return std::string(home != nullptr ? home : ".") + "/.config/quarterdeck/logins.json";
}

Result<std::vector<Login>> Logins::read() const
{
    struct stat status {};
    if (::stat(m_path.c_str(), &status) != 0) return std::vector<Login>();
    if ((status.st_mode & 077) != 0)
        return fail(ErrorKind::Denied, "ctl.logins",
                    m_path + " can be read by others; run: chmod 600 " + m_path);
    const auto text = storage::readFile(m_path);
    if (!text) return tl::unexpected(text.error());
    const auto document = json::Document::parse(*text);
    if (!document || !document->root()["logins"].isArray())
        return fail(ErrorKind::Corrupt, "ctl.logins",
                    m_path + " is not what was written there; delete it and log in again");
    std::vector<Login> logins;
    for (const auto& each : document->root()["logins"].items())
        logins.push_back({std::string(each["url"].stringOr({})),
                          std::string(each["email"].stringOr({})),
                          std::string(each["session"].stringOr({})), secretIn(each["accessToken"]),
                          each["accessUntil"].timestamp().value_or(Timestamp()),
                          secretIn(each["refreshToken"]), secretIn(each["deviceKey"])});
    return logins;
}

Result<std::optional<Login>> Logins::find(const std::string& url) const
{
    auto logins = read();
    if (!logins) return tl::unexpected(logins.error());
    for (Login& each : *logins)
        if (each.url == url) return std::optional<Login>(std::move(each));
    return std::optional<Login>();
}

Result<void> Logins::put(Login login) const
{
    auto logins = read();
    if (!logins) return tl::unexpected(logins.error());
    std::erase_if(*logins, [&](const Login& each) { return each.url == login.url; });
    logins->push_back(std::move(login));
    json::Writer out;
    out.beginObject().key("logins").beginArray();
    for (const Login& each : *logins)
        out.beginObject()
            .member("url", each.url)
            .member("email", each.email)
            .member("session", each.session)
            .member("accessToken", each.accessToken.revealForUse())
            .member("accessUntil", each.accessUntil)
            .member("refreshToken", each.refreshToken.revealForUse())
            .member("deviceKey", each.deviceKey.revealForUse())
            .endObject();
    const auto folder = std::filesystem::path(m_path).parent_path();
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        return fail(ErrorKind::Unavailable, "ctl.logins",
                    "cannot make " + folder.string() + ": " + error.message());
    return storage::replaceFile(m_path, out.endArray().endObject().take());
}

} // namespace qd::ctl
