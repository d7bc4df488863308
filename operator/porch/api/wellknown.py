"""Names that this API puts on objects: groups, labels, annotations, finalizers. Pure.

Labels, annotations and owner references of PackageRevisionResources are wiped by a push of the
existing command line: nothing may be decided from them without tolerating their absence.
"""

PORCH_GROUP = "porch.kpt.dev"
CONFIG_GROUP = "config.porch.kpt.dev"

LATEST_REVISION_LABEL = "porch.kpt.dev/latest-revision"  # "true" or "false"
REPOSITORY_LABEL = "porch.kpt.dev/repository"  # name of the Repository

# On PackageRevisionResources: the metadata.generation that the operator's own write produced.
RENDERED_GENERATION_ANNOTATION = "porch.kpt.dev/rendered-generation"
# On our CustomResourceDefinitions: they are of this system, not of another one of these groups.
INLINE_ANNOTATION = "porch.kpt.dev/inline"  # absent: the files are in the object
INSTALLATION_LABEL = "porch.kpt.dev/installation"
INSTALLATION = "operator"

PACKAGE_REVISION_FINALIZER = "porch.kpt.dev/packagerevisions"
REPOSITORY_FINALIZER = "config.porch.kpt.dev/repository"

# The operator's ServiceAccount, in whatever namespace it is installed; the policies know it.
OPERATOR_ACCOUNT = "porch-operator"
