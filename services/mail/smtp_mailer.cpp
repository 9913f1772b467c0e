#include "services/mail/smtp_mailer.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include <curl/curl.h>

#include "models/base/network_address.h"

namespace qd::mail {
namespace {

struct FreeHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    void operator()(char* text) const { curl_free(text); }
};

/// What is still to be sent of a mail.
struct Upload {
    std::string_view left;
};

std::size_t readUpload(char* buffer, std::size_t size, std::size_t count, void* upload)
{
    std::string_view& left = static_cast<Upload*>(upload)->left;
    const std::size_t length = std::min(size * count, left.size());
    std::memcpy(buffer, left.data(), length);
    left.remove_prefix(length);
    return length;
}

/// Asked by the library about once a second: anything but 0 breaks off.
int isBrokenOff(void* isOver, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
    return static_cast<const std::atomic<bool>*>(isOver)->load() ? 1 : 0;
}

/// "localhost" is where mail is handed over on a machine, by custom.
bool isOnThisMachine(const std::string& host)
{
    return host == "localhost" || isLoopback(host);
}

std::string partOf(CURLU* url, CURLUPart part)
{
    char* text = nullptr;
    if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
    const std::unique_ptr<char, FreeHandle> owned(text);
    return text;
}

void prepare(CURL* handle, const SmtpSettings& settings)
{
    const auto millis = static_cast<long>(settings.deadline.count());
    curl_easy_setopt(handle, CURLOPT_URL, settings.url.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, millis);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, millis);
    curl_easy_setopt(handle, CURLOPT_USE_SSL,
                     static_cast<long>(settings.mustEncrypt ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!settings.caFile.empty()) {
        curl_easy_setopt(handle, CURLOPT_CAINFO, settings.caFile.c_str());
        // Without this the machine's own folder of authorities would be trusted as well.
        curl_easy_setopt(handle, CURLOPT_CAPATH, static_cast<char*>(nullptr));
    }
    if (settings.user.empty()) return;
    const std::string password(settings.password.revealForUse());
    curl_easy_setopt(handle, CURLOPT_USERNAME, settings.user.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD, password.c_str());
}

/// On a job thread, until the server has taken it or the deadline.
Result<void> sendNow(const SmtpSettings& settings, const Message& message,
                     std::atomic<bool>& isOver)
{
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    const std::unique_ptr<CURL, FreeHandle> handle(curl_easy_init());
    if (!handle) return fail(ErrorKind::Unavailable, "mail.not_sent", "no memory");
    prepare(handle.get(), settings);
    const std::string from = "<" + settings.from.text() + ">", to = "<" + message.to.text() + ">";
    const std::unique_ptr<curl_slist, FreeHandle> recipients(
        curl_slist_append(nullptr, to.c_str()));
    const runtime::Secret wire = toWire(message, settings.from);
    Upload upload{wire.revealForUse()};
    curl_easy_setopt(handle.get(), CURLOPT_MAIL_FROM, from.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(handle.get(), CURLOPT_READFUNCTION, &readUpload);
    curl_easy_setopt(handle.get(), CURLOPT_READDATA, &upload);
    curl_easy_setopt(handle.get(), CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle.get(), CURLOPT_XFERINFOFUNCTION, &isBrokenOff);
    curl_easy_setopt(handle.get(), CURLOPT_XFERINFODATA, &isOver);
    const CURLcode done = curl_easy_perform(handle.get());
    if (done == CURLE_OK) return {};
    long answer = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &answer);
    return fail(ErrorKind::Unavailable, "mail.not_sent",
                std::string(curl_easy_strerror(done)) + " (last answer of the mail server: " +
                    std::to_string(answer) + ")");
}

} // namespace

Result<SmtpSettings> parseServer(const std::string& url)
{
    const std::unique_ptr<CURLU, FreeHandle> parsed(curl_url());
    const bool isUrl = parsed && curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK;
    const std::string scheme = isUrl ? partOf(parsed.get(), CURLUPART_SCHEME) : std::string();
    const bool isMail = scheme == "smtp" || scheme == "smtps";
    // Names and passwords in an address end up in logs.
    if (!isMail || !partOf(parsed.get(), CURLUPART_USER).empty())
        return fail(ErrorKind::Invalid, "mail.smtp_url",
                    "expected smtp://host:587 or smtps://host:465, without a user in it",
                    "mail.smtp_url");
    SmtpSettings settings;
    settings.url = url;
    settings.mustEncrypt = scheme == "smtps" || !isOnThisMachine(partOf(parsed.get(), CURLUPART_HOST));
    return settings;
}

SmtpMailer::SmtpMailer(SmtpSettings settings, runtime::Executor& core, runtime::Executor& jobs,
                       observability::Logger log)
    : m_settings(std::make_shared<const SmtpSettings>(std::move(settings))), m_core(core),
      m_jobs(jobs), m_log(std::move(log))
{
}

SmtpMailer::~SmtpMailer()
{
    *m_isOver = true;
}

void SmtpMailer::send(identity::Mail mail, std::function<void(Result<void>)> then)
{
    const auto message = std::make_shared<const Message>(compose(mail));
    m_jobs.post([this, message, then = std::move(then), settings = m_settings, &core = m_core,
                 isOver = m_isOver] {
        core.post([this, isOver, then, id = message->id,
                   done = sendNow(*settings, *message, *isOver)] {
            if (*isOver) return;
            if (!done)
                m_log.warning("mail not sent; it is tried again",
                              {{"mail", id}, {"error", done.error()}});
            then(done);
        });
    });
}

} // namespace qd::mail
