package dev.swiftbrush.runtime.hub;

import dev.swiftbrush.DownloadException;
import org.jspecify.annotations.Nullable;

/** What a hub's refusal means, and what to do about it. */
final class Refusal {
    private Refusal() {}

    /** @param file that was asked for, or null if the model was */
    static DownloadException of(Response answer, HubSettings settings, RepoName repo, @Nullable String file) {
        String page = settings.endpoint() + "/" + repo.id();
        String token = settings.token() == null
                ? "set HF_TOKEN to a token of a user who may read it"
                : "the token that was sent may not read it";
        int status = answer.status();
        return new DownloadException(
                switch (answer.header("X-Error-Code")) {
                    case "GatedRepo" ->
                        settings.token() == null
                                ? "%s is gated, and no token was sent; accept its terms at %s, then set HF_TOKEN"
                                        .formatted(repo.id(), page)
                                : "%s is gated, and the user of the token that was sent is not let in; accept its terms at %s"
                                        .formatted(repo.id(), page);
                    case "RevisionNotFound" ->
                        "%s has no branch, tag or commit '%s'; those it has are at %s/tree/main"
                                .formatted(repo.id(), repo.revision(), page);
                    case "EntryNotFound" -> "%s has no file %s".formatted(repo, file);
                    default -> {
                        String what = file == null ? repo.id() : "%s of %s".formatted(file, repo);
                        if (status == 401 || status == 404) { // to strangers the hub does not tell private from absent
                            yield "%s is not on %s, or it is private; check the name, or, if it is private, %s"
                                    .formatted(what, settings.endpoint(), token);
                        }
                        String said = answer.header("X-Error-Message").replaceAll("[^ -~]", "?");
                        yield "%s answered %d for %s%s"
                                .formatted(
                                        settings.endpoint(),
                                        status,
                                        what,
                                        said.isEmpty() ? "" : ": " + said.substring(0, Math.min(200, said.length())));
                    }
                });
    }
}
