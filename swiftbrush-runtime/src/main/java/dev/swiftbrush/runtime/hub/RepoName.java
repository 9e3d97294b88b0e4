package dev.swiftbrush.runtime.hub;

/**
 * A model on a hub at a revision. Immutable and thread-safe.
 *
 * @param id {@code owner/name}, safe to build paths and addresses from
 * @param revision a branch, tag or commit, as safe
 */
record RepoName(String id, String revision) {

    static final String DEFAULT_REVISION = "main";

    @Override
    public String toString() {
        return revision.equals(DEFAULT_REVISION) ? id : id + "@" + revision;
    }
}
