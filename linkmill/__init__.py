"""The command line: installed on its own as the package `linkmill`, it imports none of the other packages."""
